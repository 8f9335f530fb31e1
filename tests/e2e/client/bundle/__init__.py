"""The client as an npm package: in a project of Vite, TypeScript and React, and beside a service worker."""
