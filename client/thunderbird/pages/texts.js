// Puts the texts of the user's language into a page: data-text names them.

for (const element of document.querySelectorAll("[data-text]")) {
  element.textContent = messenger.i18n.getMessage(element.dataset.text);
}
document.documentElement.lang = messenger.i18n.getUILanguage();
