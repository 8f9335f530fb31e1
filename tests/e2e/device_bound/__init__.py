"""Sessions that a real Chromium binds to the device."""
