"""Dovecot's configuration file, in 2.3's and in 2.4's syntax.

A test says in a Site what it wants; everything that differs between the two
versions is in the two writers below.
"""

import re
from dataclasses import dataclass, field
from pathlib import Path

EXAMPLES = Path(__file__).parents[3] / "conf.d-examples"
EVERY_USER = ("lazy_expunge", "notify", "mail_log", "quota", "mail_crypt", "compress", "virtual",
              "fts", "fts_squat", "fts_xapian", "fts_flatcurve")


@dataclass
class Site:
    folder: Path                     # of this instance; everything is below it
    imap_port: int = 0
    mail_format: str = "maildir"
    mail_seal: bool = True           # is the plugin loaded?
    plugins: tuple = ()              # besides it: EVERY_USER, "sieve", "filter", "imapsieve"
    seal: dict = field(default_factory=dict)      # mail_seal_* settings
    system_users: bool = False       # userdb passwd instead of a file
    lmtp_user: str = "root"
    seal_in_doveadm: bool = True     # False: mail_seal is in the protocols' lists only
    quota: str = "1G"                # with the plugin quota
    crypt_private: bool = True       # mail_crypt has its private key, too
    shared: bool = False             # namespaces shared/USER/ and Public/, with ACLs
    # Sources of team mailboxes, with shared: {"CERT": "file:FOLDER/cert.asc", "info*": "DICT"};
    # "*" is all of Public/, and DICT is that one
    groups: dict = field(default_factory=dict)
    disk: str = ""                   # homes on a tmpfs of this size: "64M"
    dict: object = None              # what stands behind the dict service: see dicts.py
    dict_socket: str = "dict"        # of the dict service
    dict_keys: str = "dict:{}"       # mail_seal_keys then; {} is the dict
    metadata: bool = False           # IMAP announces METADATA and keeps it in files
    everything: bool = False         # also POP3 and ManageSieve, and all that IMAP can announce
    pop3_port: int = 0
    sieve_port: int = 0              # of ManageSieve
    metrics_port: int = 0            # of OpenMetrics, with the example's metrics; 0: none
    attachments: bool = False        # sdbox and mdbox keep them in files of their own
    masters: bool = False            # "alice*master" logs in as alice with the master's password
    tls: tuple = ()                  # files of the certificate and its key: STARTTLS and imaps
    more: str = ""                   # settings that both versions understand; FOLDER is ours

    @property
    def users_file(self):
        return self.folder / "users"

    @property
    def masters_file(self):
        return self.folder / "masters"

    @property
    def crypt_key(self):
        return self.folder / "crypt-private.pem", self.folder / "crypt-public.pem"

    @property
    def public_maildir(self):
        return self.folder / "public"

    @property
    def imapsieve_script(self):
        """Runs on every APPEND or COPY into the mailbox Filed."""
        return self.folder / "imapsieve" / "filed.sieve"


def _common(site):
    """What both versions understand."""
    f = site.folder
    return f"""
base_dir = {f}/run
state_dir = {f}/state
log_path = {f}/dovecot.log
mail_temp_dir = {f}/tmp
mail_plugin_dir = {f}/modules
protocols = imap lmtp{" pop3 sieve" if site.everything else ""}
listen = 127.0.0.1
ssl = {"yes" if site.tls else "no"}
auth_mechanisms = plain
mail_max_userip_connections = 1000
lda_mailbox_autocreate = yes
postmaster_address = postmaster@example.org
namespace inbox {{
  inbox = yes
  separator = /
  mailbox Drafts {{
    auto = create
    special_use = \\Drafts
  }}
}}
service imap-login {{
  inet_listener imap {{
    port = {site.imap_port}
  }}
  inet_listener imaps {{
    port = 0
  }}
}}
service lmtp {{
  user = {site.lmtp_user}
  unix_listener lmtp {{
    mode = 0666
  }}
}}
service auth {{
  unix_listener auth-userdb {{
    mode = 0666
  }}
}}
service dict {{
  unix_listener dict {{
    mode = 0666
  }}
}}
{_everything(site)}
{_metrics(site)}
{"mbox_write_locks = dotlock fcntl" if site.mail_format == "mbox" else ""}
{site.more.replace("FOLDER", str(f))}
"""


def _source(site, source, the_dict):
    return the_dict if source == "DICT" else source.replace("FOLDER", str(site.folder))


def _where_loaded(site):
    """mail_seal in the list for everything, in those of the protocols, or in none."""
    if not site.mail_seal:
        return "", ""
    return ("mail_seal", "") if site.seal_in_doveadm else ("", "mail_seal")


def _everything(site):
    return "" if not site.everything else f"""
namespace inbox {{
  mailbox Sent {{
    special_use = \\Sent
  }}
  mailbox Archive {{
    auto = subscribe
    special_use = \\Archive
  }}
}}
imap_urlauth_host = localhost
auth_failure_delay = 0
service anvil {{
  unix_listener anvil-auth-penalty {{
    mode = 0
  }}
}}
imap_idle_notify_interval = 2m
recipient_delimiter = +
service pop3-login {{
  inet_listener pop3 {{
    port = {site.pop3_port}
  }}
  inet_listener pop3s {{
    port = 0
  }}
}}
service managesieve-login {{
  inet_listener sieve {{
    port = {site.sieve_port}
  }}
}}
"""


def _metrics(site):
    return "" if not site.metrics_port else f"""
service stats {{
  inet_listener http {{
    port = {site.metrics_port}
  }}
  unix_listener stats-writer {{
    mode = 0666
  }}
}}
"""


class Dovecot23:
    """Everything of a plugin is a string in plugin {}."""

    LOCATIONS = {
        "maildir": "maildir:~/Maildir",
        "sdbox": "sdbox:~/sdbox",
        "mdbox": "mdbox:~/mdbox",
        "mbox": "mbox:~/mbox:INBOX=~/mbox-inbox",
    }
    NAMES = {"compress": "zlib"}
    METRICS = (EXAMPLES / "91-mail-seal-metrics.conf").read_text() + """
event_exporter log {
  format = json
  format_args = time-unix
  transport = log
}
metric mail_seal_export {
  exporter = log
  filter = event=mail_seal_finished
}
metric mail_seal_all {
  filter = event=mail_seal_finished
  fields = bytes_in bytes_out
  group_by = result reason engine
}
"""
    SETTINGS = {
        "quota": "quota = count:User quota\nquota_vsizes = yes\nquota_rule = *:storage=QUOTA\n",
        "compress": "zlib_save = gz\n",
        "mail_log": "mail_log_events = copy save expunge\nmail_log_fields = uid box msgid size\n",
        "lazy_expunge": "lazy_expunge = Expunged\n",
        "sieve": "sieve = file:~/sieve;active=~/.dovecot.sieve\n",
        "filter": "sieve_plugins = sieve_extprograms\nsieve_extensions = +vnd.dovecot.filter\n"
                  "sieve_filter_bin_dir = FOLDER/filters\nsieve_filter_exec_timeout = 60s\n",
    }

    SHARED = """
namespace shared {{
  type = shared
  separator = /
  prefix = shared/%%u/
  location = maildir:%%h/Maildir:INDEX=~/shared/%%u
  subscriptions = no
  list = children
}}
namespace public {{
  type = public
  separator = /
  prefix = Public/
  location = maildir:{public}:INDEX=~/public
  subscriptions = no
}}
plugin {{
  acl = vfile
}}
"""

    def write(self, site):
        everywhere, protocols = _where_loaded(site)
        everywhere = [everywhere] + [self.NAMES.get(p, p) for p in site.plugins if p in EVERY_USER]
        everywhere += ["acl"] if site.shared else []
        delivery = "sieve" if "sieve" in site.plugins else ""
        imap = "imap_sieve" if "imapsieve" in site.plugins else ""
        userdb = "driver = passwd" if site.system_users else \
                 f"driver = passwd-file\n  args = {site.users_file}"
        return _common(site) + f"""
disable_plaintext_auth = no
{self._tls(site)}
auth_username_format = %Ln
mail_location = {self.LOCATIONS[site.mail_format]}
mail_plugins = {" ".join(everywhere)}
{self.MASTERS.format(file=site.masters_file) if site.masters else ""}
passdb {{
  driver = passwd-file
  args = {site.users_file}
}}
userdb {{
  {userdb}
}}
protocol imap {{
  mail_plugins = $mail_plugins {protocols} {imap}
}}
protocol lmtp {{
  mail_plugins = $mail_plugins {protocols} {delivery}
}}
protocol lda {{
  mail_plugins = $mail_plugins {protocols} {delivery}
}}
plugin {{
{self._plugin_settings(site)}
}}
{self.SHARED.format(public=site.public_maildir) if site.shared else ""}
{self._groups(site) if site.groups else ""}
{self._dict(site) if site.dict else ""}
{self.METADATA if site.metadata else ""}
{self.ATTACHMENTS.format(folder=site.folder) if site.attachments else ""}
{self.EVERYTHING if site.everything else ""}
{self.METRICS if site.metrics_port else ""}
"""

    EVERYTHING = """
protocol imap {
  mail_plugins = $mail_plugins imap_quota imap_acl imap_zlib
}
"""

    MASTERS = """
auth_master_user_separator = *
passdb {{
  driver = passwd-file
  args = {file}
  master = yes
}}
"""

    ATTACHMENTS = """
mail_attachment_dir = {folder}/attachments
mail_attachment_min_size = 1
"""

    METADATA = """
mail_attribute_dict = file:%h/attributes
protocol imap {
  imap_metadata = yes
}
"""

    @staticmethod
    def _dict(site):
        return f"""
dict {{
  keys = {site.dict.server23()}
}}
plugin {{
  mail_seal_keys = {site.dict_keys.format(f"proxy:{site.dict_socket}:keys")}
}}
"""

    @staticmethod
    def _groups(site):
        the_dict = f"dict:proxy:{site.dict_socket}:keys"
        words = " ".join(f'"Public/{pattern}={_source(site, source, the_dict)}"'
                         for pattern, source in site.groups.items())
        # 2.3 takes quotes off that are around a whole value
        return f"plugin {{\n  mail_seal_public = '{words}'\n}}\n"

    def _plugin_settings(self, site):
        settings = "".join(f"{name} = {value}\n" for name, value in site.seal.items())
        settings += "".join(self.SETTINGS.get(plugin, "").replace("QUOTA", site.quota)
                            .replace("FOLDER", str(site.folder))
                            for plugin in site.plugins)
        if "mail_crypt" in site.plugins:
            private, public = site.crypt_key
            if site.crypt_private:
                settings += f"mail_crypt_global_private_key = <{private}\n"
            settings += (f"mail_crypt_global_public_key = <{public}\n"
                         "mail_crypt_save_version = 2\n")
        if "imapsieve" in site.plugins:
            settings += ("sieve_plugins = sieve_imapsieve\n"
                         "imapsieve_mailbox1_name = Filed\n"
                         "imapsieve_mailbox1_causes = APPEND COPY\n"
                         f"imapsieve_mailbox1_before = file:{site.imapsieve_script}\n")
        return settings

    @staticmethod
    def _tls(site):
        names = ("ssl_cert", "ssl_key")
        return "".join(f"{name} = <{file}\n" for name, file in zip(names, site.tls))

    def location_arguments(self, maildir):
        return [f"maildir:{maildir}"]

    def mail_field(self, maildir):
        """Of the userdb, for where a user's mail is."""
        return f"userdb_mail=maildir:{maildir}"


class Dovecot24:
    """Settings are native, mail locations are split up, variables have long names."""

    LOCATIONS = {
        "maildir": "mail_driver = maildir\nmail_path = ~/Maildir\n",
        "sdbox": "mail_driver = sdbox\nmail_path = ~/sdbox\n",
        "mdbox": "mail_driver = mdbox\nmail_path = ~/mdbox\n",
        "mbox": "mail_driver = mbox\nmail_path = ~/mbox\nmail_inbox_path = ~/mbox-inbox\n",
    }
    NAMES = {"compress": "mail_compress"}
    METRICS = (EXAMPLES / "dovecot-2.4" / "91-mail-seal-metrics.conf").read_text() + """
event_exporter log {
  driver = log
  format = json
  time_format = unix
}
metric mail_seal_export {
  exporter = log
  filter = event=mail_seal_finished
}
metric mail_seal_all {
  filter = event=mail_seal_finished
  fields {
    bytes_in = yes
    bytes_out = yes
  }
  group_by result {
    method discrete {
    }
  }
  group_by reason {
    method discrete {
    }
  }
  group_by engine {
    method discrete {
    }
  }
}
"""
    SETTINGS = {
        "quota": 'quota "User quota" {\n  storage_size = QUOTA\n}\n',
        "compress": "mail_compress_write_method = gz\n",
        "mail_log": "mail_log_events = copy save expunge\nmail_log_fields = uid box msgid size\n",
        "lazy_expunge": "lazy_expunge_mailbox = Expunged\n",
        "sieve": "sieve_script personal {\n  path = ~/sieve\n  active_path = ~/.dovecot.sieve\n}\n",
        "filter": "sieve_plugins {\n  sieve_extprograms = yes\n}\n"
                  "sieve_extensions {\n  vnd.dovecot.filter = yes\n}\n"
                  "sieve_filter_bin_dir = FOLDER/filters\nsieve_filter_exec_timeout = 60s\n",
    }

    SHARED = """
namespace shared {{
  type = shared
  separator = /
  prefix = shared/$user/
  mail_path = %{{owner_home}}/Maildir
  mail_index_path = ~/shared/%{{owner_user}}
  subscriptions = no
  list = children
}}
namespace public {{
  type = public
  separator = /
  prefix = Public/
  mail_path = {public}
  mail_index_path = ~/public
  subscriptions = no
}}
acl_driver = vfile
"""

    def write(self, site):
        everywhere, protocols = _where_loaded(site)
        everywhere = [everywhere] + [self.NAMES.get(p, p) for p in site.plugins if p in EVERY_USER]
        everywhere += ["acl"] if site.shared else []
        delivery = "sieve" if "sieve" in site.plugins else ""
        imap = "imap_sieve" if "imapsieve" in site.plugins else ""
        userdb = "userdb passwd {\n}" if site.system_users else \
                 f"userdb passwd-file {{\n  passwd_file_path = {site.users_file}\n}}"
        # These two must come before anything else.
        return """dovecot_config_version = 2.4.0
dovecot_storage_version = 2.4.0
""" + _common(site) + f"""
auth_allow_cleartext = yes
{self._tls(site)}
auth_username_format = %{{user | username | lower}}
{self.LOCATIONS[site.mail_format]}
{self._plugins(everywhere)}
{self.MASTERS.format(file=site.masters_file) if site.masters else ""}
passdb passwd-file {{
  passwd_file_path = {site.users_file}
}}
{userdb}
protocol imap {{
  {self._plugins([protocols, imap])}
}}
protocol lmtp {{
  {self._plugins([protocols, delivery])}
}}
protocol lda {{
  {self._plugins([protocols, delivery])}
}}
{self._plugin_settings(site)}
{self.SHARED.format(public=site.public_maildir) if site.shared else ""}
{self._groups(site) if site.groups else ""}
{self._dict(site) if site.dict else ""}
{self.METADATA if site.metadata else ""}
{self.ATTACHMENTS.format(folder=site.folder) if site.attachments else ""}
{self.EVERYTHING if site.everything else ""}
{self.METRICS if site.metrics_port else ""}
"""

    EVERYTHING = """
protocol imap {
  mail_plugins {
    imap_quota = yes
    imap_acl = yes
  }
}
"""

    MASTERS = """
auth_master_user_separator = *
passdb masters {{
  driver = passwd-file
  passwd_file_path = {file}
  master = yes
}}
"""

    ATTACHMENTS = """
mail_ext_attachment_path = {folder}/attachments
mail_ext_attachment_min_size = 1
mail_ext_attachment {{
  fs posix {{
  }}
}}
"""

    METADATA = """
mail_attribute {
  dict file {
    path = %{home}/attributes
  }
}
protocol imap {
  imap_metadata = yes
}
"""

    @staticmethod
    def _dict(site):
        return f"""
dict_server {{
  dict keys {{
    {site.dict.server24()}
  }}
}}
mail_seal_dict {{
  dict seal {{
    driver = proxy
    dict_proxy_name = keys
    dict_proxy_socket_path = {site.dict_socket}
  }}
}}
mail_seal_keys = {_long_variables(site.dict_keys.format("seal"))}
"""

    @staticmethod
    def _plugins(names):
        lines = "".join(f"  {name} = yes\n" for name in names if name)
        return f"mail_plugins {{\n{lines}}}" if lines else ""

    @staticmethod
    def _groups(site):
        blocks = ""
        for pattern, source in site.groups.items():
            keys = f"mail_seal_keys = {_source(site, source, 'dict:seal')}\n"
            blocks += keys if pattern == "*" else f'mailbox "{pattern}" {{\n {keys}}}\n'
        return f"namespace public {{\n{blocks}}}\n"

    def _plugin_settings(self, site):
        settings = "".join(f"{name} = {_long_variables(value)}\n"
                           for name, value in site.seal.items())
        settings += "".join(self.SETTINGS.get(plugin, "").replace("QUOTA", site.quota)
                            .replace("FOLDER", str(site.folder))
                            for plugin in site.plugins)
        if "mail_crypt" in site.plugins:
            private, public = site.crypt_key
            if site.crypt_private:
                settings += ("crypt_global_private_key main {\n"
                             f"  crypt_private_key_file = {private}\n}}\n")
            settings += (f"crypt_global_public_key_file = {public}\n"
                         "crypt_write_algorithm = aes-256-gcm-sha256\n")
        if "imapsieve" in site.plugins:
            settings += ("sieve_plugins {\n  sieve_imapsieve = yes\n}\n"
                         "mailbox Filed {\n  sieve_script filed {\n    type = before\n"
                         f"    cause = append copy\n    path = {site.imapsieve_script}\n  }}\n}}\n")
        return settings

    @staticmethod
    def _tls(site):
        names = ("ssl_server_cert_file", "ssl_server_key_file")
        return "".join(f"{name} = {file}\n" for name, file in zip(names, site.tls))

    def location_arguments(self, maildir):
        return [f"maildir:{maildir}"]

    def mail_field(self, maildir):
        return f"userdb_mail_driver=maildir userdb_mail_path={maildir}"


def _long_variables(value):
    return value.replace("%h", "%{home}").replace("%u", "%{user}")


def writer(dovecot_version):
    """The writer for what `dovecot --version` printed."""
    major, minor = map(int, re.match(r"(\d+)\.(\d+)", dovecot_version).groups())
    return Dovecot24() if (major, minor) >= (2, 4) else Dovecot23()
