"""The forms: set-up, batteries, the charger, options. Nothing at run time imports them."""
