// Says which key to choose, in place of a send that does nothing.

const email = decodeURIComponent(location.search.slice(1));
document.getElementById("text").textContent = messenger.i18n.getMessage("noKeyText", email);
document.getElementById("close").addEventListener("click", () => window.close());
