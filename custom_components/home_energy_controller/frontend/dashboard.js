// Offers our dashboard under "Add dashboard". What is on it is decided by the integration, in the language of whoever looks.
const TYPE = "home-energy-controller";
const DOMAIN = "home_energy_controller";
const WORDS = {
  de: { title: "Batterien", about: "Was Netz, Haus und Batterien tun, und warum" },
  en: { title: "Batteries", about: "What grid, house and batteries do, and why" },
  fr: { title: "Batteries", about: "Ce que font le réseau, la maison et les batteries, et pourquoi" },
  nl: { title: "Batterijen", about: "Wat net, huis en batterijen doen, en waarom" },
};

function words(hass) {
  return WORDS[hass?.language?.split("-")[0]] ?? WORDS.en;
}

class HomeEnergyDashboard extends HTMLElement {
  static noEditor = true; // there is nothing to choose

  static generate(_config, hass) {
    return hass.callWS({ type: `${DOMAIN}/dashboard`, language: hass.language });
  }

  static getCreateSuggestions(hass) {
    return { title: words(hass).title, icon: "mdi:home-battery" };
  }
}

// Home Assistant's script replaces the registry while it starts, and forgets what was defined before: whichever of the
// two scripts is first, this waits for that.
customElements.whenDefined("home-assistant").then(() => {
  if (customElements.get(`ll-strategy-dashboard-${TYPE}`)) return;
  customElements.define(`ll-strategy-dashboard-${TYPE}`, HomeEnergyDashboard);
  window.customStrategies = window.customStrategies || [];
  window.customStrategies.push({
    type: TYPE,
    strategyType: "dashboard",
    name: "Home Energy Controller",
    get description() {
      return words(document.querySelector("home-assistant")?.hass).about;
    },
  });
});
