"""The media types of what the routes read and write."""

JSON = "application/json"
FORM = "application/x-www-form-urlencoded"
HTML = "text/html"
