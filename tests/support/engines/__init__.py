"""Three engines in front of the house, driven alike by W3C WebDriver: Chromium, Firefox, WebKit."""
