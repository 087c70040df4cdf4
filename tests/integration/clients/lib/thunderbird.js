// What the tests do inside Thunderbird, with the rights of its own code.
// Functions return plain values and may be asynchronous. None of them may wait
// for something that can bring up a modal dialog: that would stop the script
// that is to dismiss it.

globalThis.Test = {
  // What the tests need of Thunderbird's state, not of its windows

  async addAuthority(base64) {
    Cc["@mozilla.org/security/x509certdb;1"].getService(Ci.nsIX509CertDB)
      .addCertFromBase64(base64, "C,,");
  },

  async addPassword(origin, user, password) {
    const login = Cc["@mozilla.org/login-manager/loginInfo;1"].createInstance(Ci.nsILoginInfo);
    login.init(origin, null, origin, user, password, "", "");
    await Services.logins.addLoginAsync(login);
  },

  identity() {
    return MailServices.accounts.defaultAccount.defaultIdentity;
  },

  rnp() {
    return ChromeUtils.importESModule("chrome://openpgp/content/modules/RNP.sys.mjs").RNP;
  },

  // As "Import Secret Keys" does, with "treat as a personal key".
  async addSecretKey(armor, fingerprint) {
    const { PgpSqliteDb2 } = ChromeUtils.importESModule(
      "chrome://openpgp/content/modules/sqliteDb.sys.mjs");
    const result = await this.rnp().importSecKeyBlockImpl(null, null, false, armor);
    if (result.exitCode != 0) {
      throw new Error("import of the secret key failed: " + result.errorMsg);
    }
    await PgpSqliteDb2.acceptAsPersonalKey(fingerprint);
    await this.until(() => PgpSqliteDb2.isAcceptedAsPersonalKey(fingerprint), "acceptance");
  },

  // Choose the key for the account, in its settings.
  chooseKey(fingerprint) {
    this.identity().setUnicharAttribute("openpgp_key_id", fingerprint.slice(-16));
  },

  // The same with the certificate of that address.
  chooseCertificate(address) {
    const certificates = Cc["@mozilla.org/security/x509certdb;1"].getService(Ci.nsIX509CertDB)
      .getCerts().filter(one => one.getEmailAddresses().includes(address));
    for (const use of ["encryption", "signing"]) {
      this.identity().setUnicharAttribute(`${use}_cert_name`, certificates[0].displayName);
      this.identity().setStringAttribute?.(`${use}_cert_dbkey`, certificates[0].dbKey);
    }
    return certificates.length;
  },

  // What new messages have, as chosen in the account's settings
  newMessages(encrypt, sign) {
    this.identity().encryptionPolicy = encrypt ? 2 : 0;
    this.identity().signMail = sign;
  },

  // Add-ons

  // What an event page does when it is idle
  async idle(id) {
    const { extension } = WebExtensionPolicy.getByID(id);
    await extension.terminateBackground();
    return extension.backgroundState == "stopped";
  },

  hasAddon(id) {
    return WebExtensionPolicy.getByID(id)?.extension.backgroundState;
  },

  async canBeRemoved(id) {
    const { AddonManager } = ChromeUtils.importESModule(
      "resource://gre/modules/AddonManager.sys.mjs");
    const addon = await AddonManager.getAddonByID(id);
    return Boolean(addon.permissions & AddonManager.PERM_CAN_UNINSTALL);
  },

  // Has the add-on's own window, which another process shows, this title and address?
  popupHas(title, address) {
    const win = [...Services.wm.getEnumerator(null)].find(
      found => found.location.href.endsWith("/extensionPopup.xhtml"));
    const { documentTitle, documentURI } = win.document.querySelector("browser")
      .browsingContext.currentWindowGlobal;
    return documentTitle == title && documentURI.spec.endsWith(address);
  },

  // The add-on's pages, which another process shows

  openAddonPage(id, page) {
    const { extension } = WebExtensionPolicy.getByID(id);
    this.main().document.getElementById("tabmail").openTab("contentTab", {
      url: extension.baseURI.resolve(page), linkHandler: "single-site",
      triggeringPrincipal: extension.principal,
      initialBrowsingContextGroupId: extension.policy.browsingContextGroupId,
    });
  },

  addonBrowser(page) {
    const shells = [...Services.wm.getEnumerator(null)].flatMap(
      win => [...win.docShell.getAllDocShellsInSubtree(
        Ci.nsIDocShellTreeItem.typeChrome, Ci.nsIDocShell.ENUMERATE_FORWARDS)]);
    return shells.flatMap(shell => [...shell.domWindow.document.querySelectorAll("browser")])
      .find(one => one.currentURI?.spec.split("?")[0].endsWith(page));
  },

  // The value of a function that is run in the page's process.
  async inAddon(page, run, ...args) {
    const { messageManager } = await this.until(() => this.addonBrowser(page), page);
    const name = `test:${Math.random()}`;
    const answer = new Promise(resolve => messageManager.addMessageListener(
      name, message => resolve(message.data)));
    const script = `sendAsyncMessage("${name}", (${run})(content, ...${JSON.stringify(args)}))`;
    messageManager.loadFrameScript(`data:,${encodeURIComponent(script)}`, false);
    return answer;
  },

  addonText(page) {
    return this.addonBrowser(page) &&
      this.inAddon(page, content => content.document.body?.innerText);
  },

  // A click of the user's, which is what may ask for permissions
  pressInAddon(page, id) {
    const press = (content, button) => {
      const found = content.document.getElementById(button);
      if (!found || found.disabled || !found.getBoundingClientRect().width) {
        return false;
      }
      const user = content.windowUtils.setHandlingUserInput(true);
      try {
        found.click();
      } finally {
        user.destruct();
      }
      return true;
    };
    return this.until(() => this.inAddon(page, press, id), id);
  },

  pressMark(id) {
    const name = id.replace(/[^a-z0-9_-]/gi, "_");
    const doc = this.pane().messageBrowser.contentDocument;
    doc.defaultView.setTimeout(
      () => doc.getElementById(`${name}-messageDisplayAction-toolbarbutton`).click());
  },

  // The label of the add-on's button at the message, "" if there is none to be seen.
  mark(id) {
    const name = id.replace(/[^a-z0-9_-]/gi, "_");
    const button = this.pane().messageBrowser.contentDocument.getElementById(
      `${name}-messageDisplayAction-toolbarbutton`);
    return button && !button.disabled ? button.getAttribute("label") : "";
  },

  encryptDrafts(yes) {
    this.identity().setBoolAttribute("autoEncryptDrafts", yes);
  },

  // A certificate with its secret key, as "Manage S/MIME Certificates" imports it.
  addPkcs12(file, password) {
    Cc["@mozilla.org/security/x509certdb;1"].getService(Ci.nsIX509CertDB)
      .importPKCS12File(new FileUtils.File(file), password);
  },

  // A correspondent's key, accepted as verified.
  async acceptKey(armor) {
    const result = await this.rnp().importPubkeyBlockAutoAcceptImpl(null, armor, "verified");
    if (result.exitCode != 0) {
      throw new Error("import of the key failed: " + result.errorMsg);
    }
  },

  // Folders

  folder(name) {
    const root = MailServices.accounts.defaultAccount.incomingServer.rootFolder;
    return root.descendants.find(
      folder => folder.name.toLowerCase() == name.toLowerCase());
  },

  // Click on the Inbox, which also finds the other folders, the first time.
  async findFolders(names) {
    const root = MailServices.accounts.defaultAccount.incomingServer.rootFolder;
    this.pane().displayFolder(root.getFolderWithFlags(Ci.nsMsgFolderFlags.Inbox).URI);
    await this.until(() => names.every(name => this.folder(name)), `folders ${names}`);
    await this.settled(() => root.descendants.length);
  },

  // Fetch what is new on the server; the subjects as the message list has them.
  async update(name) {
    const folder = this.folder(name).QueryInterface(Ci.nsIMsgImapMailFolder);
    await new Promise((resolve, reject) =>
      folder.updateFolderWithListener(this.main().msgWindow, {
        OnStartRunningUrl() {},
        OnStopRunningUrl: (url, status) => status ? reject(status) : resolve(),
      }));
    return this.subjects(name);
  },

  // Drag the newest message of a folder into another one. Begun here, as the server may refuse it.
  beginDrag(from, to) {
    const source = this.folder(from);
    const message = [...source.messages].at(-1);
    this.main().setTimeout(() =>
      MailServices.copy.copyMessages(source, [message], this.folder(to), true, null,
                                     this.main().msgWindow, false));
  },

  subjects(name) {
    return [...this.folder(name).messages].map(header => header.mime2DecodedSubject);
  },

  // The main window

  main() {
    return Services.wm.getMostRecentWindow("mail:3pane");
  },

  pane() {
    return this.main().document.getElementById("tabmail").currentAbout3Pane;
  },

  // Show the newest message, or the newest with this subject; return what is seen.
  async open(name, subject) {
    const pane = this.pane();
    const folder = this.folder(name);
    pane.displayFolder(folder.URI);
    const wanted = await this.until(() => [...folder.messages].findLast(
      header => !subject || header.mime2DecodedSubject == subject), `message ${subject}`);
    await this.until(() => pane.gDBView?.findIndexOfMsgHdr(wanted, true) >= 0, "message list");
    const message = pane.messageBrowser.contentWindow;
    const loaded = new Promise(resolve =>
      message.addEventListener("MsgLoaded", resolve, { once: true }));
    pane.threadTree.selectedIndex = -1;
    pane.threadTree.selectedIndex = pane.gDBView.findIndexOfMsgHdr(wanted, true);
    await loaded;
    await this.settled(() => JSON.stringify(this.shown()));
    return this.shown();
  },

  shown() {
    const message = this.pane().messageBrowser.contentWindow;
    const doc = message.document;
    const content = message.getMessagePaneBrowser().contentDocument;
    return {
      subject: doc.querySelector("#expandedsubjectBox > span:last-child").textContent.trim(),
      body: content.body.innerText.trim(),
      attachments: [...doc.querySelectorAll("#attachmentList richlistitem")]
        .map(item => item.attachment.name),
      encrypted: this.icon(doc, "encryptedHdrIcon"),
      signed: this.icon(doc, "signedHdrIcon"),
      notices: this.notices(doc),
    };
  },

  icon(doc, id) {
    const icon = doc.getElementById(id);
    return icon.hidden ? "" : icon.getAttribute("src").split("/").pop();
  },

  notices(doc) {
    return [...doc.querySelectorAll("notification-message")]
      .map(notice => (notice.messageText ?? notice).textContent.trim());
  },

  // The window in which a message is written

  composeWindow() {
    return Services.wm.getMostRecentWindow("msgcompose");
  },

  async compose(to, subject, body, files) {
    const create = (contract, type) => Cc[contract].createInstance(type);
    const fields = create("@mozilla.org/messengercompose/composefields;1", Ci.nsIMsgCompFields);
    Object.assign(fields, { to, subject, body });
    for (const file of files) {
      const attachment = create("@mozilla.org/messengercompose/attachment;1",
                                Ci.nsIMsgAttachment);
      attachment.url = Services.io.newFileURI(await IOUtils.getFile(file)).spec;
      attachment.name = PathUtils.filename(file);
      fields.addAttachment(attachment);
    }
    const params = create("@mozilla.org/messengercompose/composeparams;1",
                          Ci.nsIMsgComposeParams);
    Object.assign(params, {
      identity: this.identity(), composeFields: fields,
      type: Ci.nsIMsgCompType.New, format: Ci.nsIMsgCompFormat.PlainText,
    });
    MailServices.compose.OpenComposeWindowWithParams(null, params);
    return this.composed();
  },

  // Answer or forward the message that is shown, or those selected, by a command.
  async answer(command) {
    const win = this.main();
    win.setTimeout(() => win.goDoCommand(command));
    return this.composed();
  },

  // Select the newest messages of the list.
  async select(name, subjects) {
    const pane = this.pane();
    const messages = [...this.folder(name).messages];
    pane.displayFolder(this.folder(name).URI);
    const wanted = subjects.map(subject => messages.findLast(
      header => header.mime2DecodedSubject == subject));
    await this.until(() => wanted.every(one => pane.gDBView?.findIndexOfMsgHdr(one, true) >= 0),
                     "message list");
    pane.threadTree.selectedIndices = wanted.map(
      one => pane.gDBView.findIndexOfMsgHdr(one, true));
    await this.settled(() => pane.threadTree.selectedIndices.length);
  },

  // What would be done on sending, when add-ons have had their say too.
  async security() {
    const win = this.composeWindow();
    const look = () => ({
      encrypt: win.gSendEncrypted, sign: win.gSendSigned,
      technology: win.gSelectedTechnologyIsPGP ? "OpenPGP" : "S/MIME",
    });
    await this.settled(() => JSON.stringify(look()), 3);
    return look();
  },

  // The button with which the user switches encryption.
  async switchEncryption() {
    const win = this.composeWindow();
    const before = win.gSendEncrypted;
    win.document.getElementById("button-encryption").click();
    await this.until(() => win.gSendEncrypted != before, "switch");
  },

  async addRecipient(address) {
    const win = this.composeWindow();
    const input = win.document.getElementById("toAddrInput");
    input.value = address;
    win.recipientAddPills(input);
  },

  async reply() {
    this.pane().messageBrowser.contentDocument.getElementById("hdrReplyButton").click();
    return this.composed();
  },

  // Go on with the draft that open() shows.
  async editDraft() {
    this.main().goDoCommand("cmd_editDraftMsg");
    return this.composed();
  },

  // What the user sees in the window, when it has come to rest.
  async composed() {
    const win = await this.until(() => this.composeWindow(), "compose window");
    await this.until(() => win.composeEditorReady, "editor");
    const doc = win.document;
    const look = () => ({
      to: [...doc.querySelectorAll("#toAddrContainer > mail-address-pill")]
        .map(pill => pill.emailAddress),
      subject: doc.getElementById("msgSubject").value,
      body: doc.getElementById("messageEditor").contentDocument.body.innerText.trim(),
      attachments: [...doc.querySelectorAll("#attachmentBucket richlistitem")]
        .map(item => item.attachment.name),
      encrypt: doc.getElementById("button-encryption").hasAttribute("checked"),
      notices: this.notices(doc),
    });
    await this.settled(() => JSON.stringify(look()));
    return look();
  },

  // Press a button of a notice in that window.
  async pressNotice(label) {
    const notices = () => [
      ...this.composeWindow().document.querySelectorAll("notification-message")];
    const button = await this.until(
      () => notices().flatMap(notice => [...notice.buttonContainer.querySelectorAll("button")])
        .find(found => found.label == label || found.textContent == label), label);
    button.click();
  },

  // Commands that may bring up dialogs: begun here, they run when the script has ended.
  begin(command) {
    const win = this.composeWindow();
    win.setTimeout(() => win.goDoCommand(command));
  },

  isUnencrypted() {
    return !this.composeWindow().gSendEncrypted;
  },

  isSaved() {
    return !this.composeWindow().gContentChanged && !this.composeWindow().gWindowLocked;
  },

  closeCompose() {
    const win = this.composeWindow();
    win.setTimeout(() => win.close());
  },

  // What Thunderbird has to say

  openWindows() {
    return [...Services.wm.getEnumerator(null)].filter(win => win != this.main())
      .map(win => win.location.href.split("/").pop());
  },

  hasWindow(address) {
    return this.openWindows().includes(address);
  },

  closeWindow(address) {
    const win = [...Services.wm.getEnumerator(null)].find(
      found => found.location.href.endsWith(address));
    win.setTimeout(() => win.close());
  },

  noWindows() {
    return this.openWindows().length == 0;
  },

  // The text of every dialog: windows, and HTML dialogs in windows.
  dialogs() {
    return this.dialogRoots().map(root => root.innerText.trim());
  },

  dialogsWith(text) {
    return this.dialogs().filter(dialog => dialog.includes(text));
  },

  dialogRoots() {
    const windows = [...Services.wm.getEnumerator(null)];
    return windows.flatMap(win =>
      win.location.href.endsWith("/commonDialog.xhtml")
        ? [win.document.documentElement]
        : [...win.document.querySelectorAll("dialog[open]:not([windowtype])")]);
  },

  // A button of a dialog, by its label.
  pressInDialog(label) {
    const kinds = ["accept", "cancel", "extra1", "extra2"];
    const buttons = this.dialogRoots().flatMap(root => {
      const xul = root.querySelector("dialog");
      return xul?.getButton ? kinds.map(kind => xul.getButton(kind))
                            : [...root.querySelectorAll("button")];
    });
    const button = buttons.find(found => (found.label || found.innerText) == label);
    button.ownerDocument.defaultView.setTimeout(() => button.click());
  },

  // What stands in Tools, Activity Manager, as warnings.
  warnings() {
    const manager = Cc["@mozilla.org/activity-manager;1"].getService(Ci.nsIActivityManager);
    return manager.getActivities().filter(activity => activity instanceof Ci.nsIActivityWarning)
      .map(warning => warning.displayText);
  },

  // Making a key, as a user does it in the account's settings

  async openEncryptionSettings() {
    this.main().MsgAccountManager("am-e2e.xhtml");
    await this.until(() => this.settingsPage()?.document.getElementById("addOpenPgpButton"),
                     "settings");
    await this.sleep(1000);
  },

  settingsWindow() {
    return this.main().document.getElementById("tabmail").currentTabInfo.browser?.contentWindow;
  },

  settingsPage() {
    return this.settingsWindow()?.document.getElementById("contentFrame")?.contentWindow;
  },

  pressInSettings(id) {
    const page = this.settingsPage();
    page.setTimeout(() => page.document.getElementById(id).click());
  },

  keyAssistant() {
    return [...this.settingsWindow().document.querySelectorAll(".dialogFrame")]
      .map(frame => frame.contentWindow)
      .find(win => win.location.href.endsWith("/keyWizard.xhtml"));
  },

  // Continue in the assistant; resolves when the next page, with this element, is there.
  async continueTo(id) {
    const win = await this.until(() => this.keyAssistant(), "assistant");
    const visible = () => {
      const box = win.document.getElementById(id).getBoundingClientRect();
      return box.width && box.height;
    };
    await this.sleep(1000);
    const button = win.document.querySelector("dialog").getButton("accept");
    win.setTimeout(() => button.click());
    await this.until(visible, id);
    await this.sleep(1000);
  },

  async confirmKey() {
    const win = this.keyAssistant();
    const button = win.document.getElementById("openPgpKeygenConfirmButton");
    win.setTimeout(() => button.click());
    await this.until(() => !this.keyAssistant(), "the new key", 150);
    await this.sleep(2000);
    return this.identity().getUnicharAttribute("openpgp_key_id");
  },

  // What "Export Public Key(s) To File" of the key manager writes.
  exportKey(id) {
    return this.rnp().getPublicKey("0x" + id);
  },

  closeSettings() {
    const tabs = this.main().document.getElementById("tabmail");
    tabs.closeTab(tabs.currentTabInfo);
  },

  // A picture of the window whose address ends so: base64 of a PNG.
  async picture(address) {
    const win = [...Services.wm.getEnumerator(null)].find(
      found => found.location.href.endsWith(address));
    await this.until(() => win.document.readyState == "complete" && win.innerWidth > 300, address);
    await this.sleep(1000);
    const bitmap = await win.browsingContext.currentWindowGlobal.drawSnapshot(
      null, 1, "rgb(255, 255, 255)");
    const canvas = win.document.createElementNS("http://www.w3.org/1999/xhtml", "canvas");
    [canvas.width, canvas.height] = [bitmap.width, bitmap.height];
    canvas.getContext("2d").drawImage(bitmap, 0, 0);
    return canvas.toDataURL("image/png").split(",")[1];
  },

  // Waiting

  sleep(milliseconds) {
    const { setTimeout } = ChromeUtils.importESModule("resource://gre/modules/Timer.sys.mjs");
    return new Promise(resolve => setTimeout(resolve, milliseconds));
  },

  async until(condition, what, seconds = 60) {
    for (let waited = 0; waited < seconds * 10; waited++) {
      const value = await condition();
      if (value) {
        return value;
      }
      await this.sleep(100);
    }
    throw new Error("waited in vain for " + what);
  },

  // Until the value hasn't changed for this time.
  async settled(value, seconds = 1) {
    let last, since = 0;
    await this.until(() => {
      const now = value();
      since = now == last ? since + 1 : 0;
      last = now;
      return since >= seconds * 10;
    }, "rest");
  },
};
