"""The grid meter: what it must offer, and the HomeWizard P1. No Home Assistant in here."""
