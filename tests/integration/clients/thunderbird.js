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

  // The owner's secret key, as "import a key" and "use it for this account" do.
  async addSecretKey(armor, fingerprint) {
    const { RNP } = ChromeUtils.importESModule("chrome://openpgp/content/modules/RNP.sys.mjs");
    const { PgpSqliteDb2 } = ChromeUtils.importESModule(
      "chrome://openpgp/content/modules/sqliteDb.sys.mjs");
    const result = await RNP.importSecKeyBlockImpl(null, null, false, armor);
    if (result.exitCode != 0) {
      throw new Error("import of the secret key failed: " + result.errorMsg);
    }
    await PgpSqliteDb2.acceptAsPersonalKey(fingerprint);
    await this.until(() => PgpSqliteDb2.isAcceptedAsPersonalKey(fingerprint), "acceptance");
    this.identity().setUnicharAttribute("openpgp_key_id", fingerprint.slice(-16));
  },

  setPreference(name, value) {
    const prefs = Services.prefs;
    ({ boolean: prefs.setBoolPref, number: prefs.setIntPref, string: prefs.setStringPref })[
      typeof value].call(prefs, name, value);
  },

  // Folders

  folder(name) {
    const root = MailServices.accounts.defaultAccount.incomingServer.rootFolder;
    return root.descendants.find(
      folder => folder.name.toLowerCase() == name.toLowerCase());
  },

  // Fetch what is new on the server; the subjects as the message list has them.
  async update(name) {
    await this.until(() => this.folder(name), `folder ${name}`);
    const folder = this.folder(name);
    await new Promise((resolve, reject) => folder.getNewMessages(null, {
      OnStartRunningUrl() {},
      OnStopRunningUrl: (url, status) => status ? reject(status) : resolve(),
    }));
    return this.subjects(name);
  },

  subjects(name) {
    return [...this.folder(name).messages].map(header => header.mime2DecodedSubject);
  },

  // Forget what was downloaded, as after "Repair folder".
  async forget(name) {
    const folder = this.folder(name);
    folder.QueryInterface(Ci.nsIMsgImapMailFolder);
    const pane = this.pane();
    pane.displayFolder(this.folder("Inbox") == folder ? folder.server.rootFolder.URI : this.folder("Inbox").URI);
    Services.cache2.clear();
    folder.compact(null, null);
  },

  // The main window

  main() {
    return Services.wm.getMostRecentWindow("mail:3pane");
  },

  pane() {
    return this.main().document.getElementById("tabmail").currentAbout3Pane;
  },

  // Show the message with this Message-ID, or the newest, and return what is seen.
  async open(name, messageId) {
    const pane = this.pane();
    const folder = this.folder(name);
    pane.displayFolder(folder.URI);
    const wanted = await this.until(
      () => [...folder.messages].findLast(h => !messageId || h.messageId == messageId),
      `message ${messageId}`);
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
      subject: doc.getElementById("expandedsubjectBox").textContent.trim(),
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

  // Until the value hasn't changed for a second.
  async settled(value) {
    let last, since = 0;
    await this.until(() => {
      const now = value();
      since = now == last ? since + 1 : 0;
      last = now;
      return since >= 10;
    }, "rest");
  },
};
