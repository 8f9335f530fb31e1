"""The site behind proxies: nginx, as docs/deploying.md configures it, and one that caches."""
