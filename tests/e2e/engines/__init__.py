"""The core of the browser suite in three engines: Chromium, Firefox and WebKit, over https."""
