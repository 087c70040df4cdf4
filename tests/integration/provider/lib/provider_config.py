"""Configuration of the provider's proxy and back ends, in Dovecot 2.3's and in 2.4's syntax."""

from dataclasses import dataclass, field
from pathlib import Path

import config
import databases

IMAP, LMTP, SIEVE, DOVEADM, METRICS = 143, 24, 4190, 24245, 9900
DOVEADM_PASSWORD = "doveadm secret"
DOMAIN = "example.org"


@dataclass
class Place:
    """One instance of Dovecot: the proxy, or a back end."""
    folder: Path
    address: str
    users_sql: str                   # address of the database of the users
    dict_sql: str                    # and of that behind the dict
    dict_redis: str
    homes: str = ""                  # of a back end
    public: Path = None              # team mailboxes, on storage that all back ends share
    proxy: bool = False
    mail_seal: bool = True           # is the plugin loaded?
    plugins: tuple = ()              # of a back end, besides
    seal: dict = field(default_factory=dict)      # more mail_seal_* settings
    dict: str = "sql"                # what is behind it: "sql", "redis"
    own_users: bool = True           # -A is who belongs here; False: everybody
    teams: tuple = ()                # mailboxes in Public/
    metadata: bool = True            # is there a place for attributes of mailboxes?
    dict_outside: bool = False       # 2.4: is its block outside of all others?
    dict_connections: int = 0        # to PostgreSQL, of each dict process; 0: Dovecot's default
    more: str = ""                   # settings that both versions understand
    # For lib/dovecot.py
    system_users: bool = False
    disk: str = ""
    masters: bool = False
    attachments: bool = False

    @property
    def imap_port(self):
        return IMAP

    @property
    def metrics_port(self):
        return METRICS

    @property
    def public_maildir(self):
        return self.public

    @property
    def password_query(self):
        where = ", 'Y' AS proxy, host" if self.proxy else ""
        return f"SELECT username AS \"user\", password{where} FROM users WHERE username = '%u'"

    @property
    def user_query(self):
        home = f"coalesce(home, '{self.homes}/' || username)"
        return (f"SELECT 5000 AS uid, 5000 AS gid, {home} AS home,"
                f" coalesce(replace(seal_keys, 'HOME', {home}), 'dict:SEAL') AS mail_seal_keys"
                " FROM users WHERE username = '%u'")

    @property
    def iterate_query(self):
        own = "" if self.proxy or not self.own_users else f" WHERE host = '{self.address}'"
        return f"SELECT username AS \"user\" FROM users{own} ORDER BY username"


def _common(place):
    """What both versions understand."""
    f = place.folder
    return f"""
base_dir = {f}/run
state_dir = {f}/state
log_path = {f}/dovecot.log
mail_temp_dir = {f}/tmp
mail_plugin_dir = {f}/modules
listen = {place.address}
ssl = no
auth_mechanisms = plain
mail_max_userip_connections = 1000
lmtp_user_concurrency_limit = 1000
lda_mailbox_autocreate = yes
postmaster_address = postmaster@{DOMAIN}
login_trusted_networks = 127.0.0.0/8
recipient_delimiter = +
doveadm_password = {DOVEADM_PASSWORD}
auth_failure_delay = 0
default_client_limit = 2000
service anvil {{
  unix_listener anvil-auth-penalty {{
    mode = 0
  }}
}}
service imap-login {{
  inet_listener imap {{
    port = {IMAP}
  }}
  inet_listener imaps {{
    port = 0
  }}
}}
service managesieve-login {{
  inet_listener sieve {{
    port = {SIEVE}
  }}
}}
service lmtp {{
  inet_listener lmtp {{
    port = {LMTP}
  }}
}}
service doveadm {{
  inet_listener doveadm {{
    port = {DOVEADM}
  }}
}}
{"doveadm_port = %d" % DOVEADM if place.proxy else _back_end(place)}
{place.more.replace("FOLDER", str(f))}
"""


def _back_end(place):
    return f"""
namespace inbox {{
  inbox = yes
  separator = /
  mailbox Drafts {{
    auto = create
    special_use = \\Drafts
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
service stats {{
  inet_listener http {{
    port = {METRICS}
  }}
  unix_listener stats-writer {{
    mode = 0666
  }}
}}
"""


class Dovecot23(config.Dovecot23):
    def write(self, place):
        folder = place.folder
        (folder / "sql.conf").write_text(f"""
driver = pgsql
connect = {_connect(place.users_sql)}
default_pass_scheme = PLAIN
password_query = {place.password_query}
user_query = {place.user_query.replace("SEAL", "proxy::seal")}
iterate_query = {place.iterate_query}
""")
        text = _common(place) + f"""
protocols = imap lmtp sieve
disable_plaintext_auth = no
auth_username_format = %Lu
passdb {{
  driver = sql
  args = {folder}/sql.conf
}}
userdb {{
  driver = sql
  args = {folder}/sql.conf
}}
"""
        # doveadm's modules are loaded with mail_seal's own only.
        if place.proxy:
            return text + f"""
lmtp_proxy = yes
mail_location = maildir:~/Maildir
protocol doveadm {{
  mail_plugins = {"mail_seal" if place.mail_seal else ""}
}}
"""
        (folder / "dict.conf").write_text(
            f"connect = {_connect(place.dict_sql)}"
            + (f" maxconns={place.dict_connections}" if place.dict_connections else "") + "\n"
            + "".join(f"map {{\n pattern = priv/mail-seal/{name}\n table = {table}\n"
                      f" username_field = username\n value_field = {column}\n}}\n"
                      for name, table, column in MAPS))
        server = f"pgsql:{folder}/dict.conf" if place.dict == "sql" else \
            f"redis:host={place.dict_redis}:prefix=seal/"
        return text + f"""
mail_location = maildir:~/Maildir
mail_plugins = acl {"mail_seal" if place.mail_seal else ""} {" ".join(place.plugins)}
{"mail_attribute_dict = file:%h/attributes" if place.metadata else ""}
namespace public {{
  type = public
  separator = /
  prefix = Public/
  location = maildir:{place.public}:INDEX=~/public
  subscriptions = no
}}
dict {{
  seal = {server}
}}
plugin {{
  acl = vfile
  sieve = file:~/sieve;active=~/.dovecot.sieve
  {"".join(f"{name} = {value}" + chr(10) for name, value in place.seal.items())}
  {self._teams(place)}
}}
protocol imap {{
  imap_metadata = {"yes" if place.metadata else "no"}
}}
protocol lmtp {{
  mail_plugins = $mail_plugins sieve
}}
{self.METRICS}
"""

    @staticmethod
    def _teams(place):
        words = " ".join(f"Public/{team}=dict:proxy::seal" for team in place.teams)
        return f"mail_seal_public = {words}" if words and place.mail_seal else ""


class Dovecot24(config.Dovecot24):
    def write(self, place):
        text = """dovecot_config_version = 2.4.0
dovecot_storage_version = 2.4.0
""" + _common(place) + f"""
protocols {{
  imap = yes
  lmtp = yes
  sieve = yes
}}
auth_allow_cleartext = yes
auth_username_format = %{{user | lower}}
sql_driver = pgsql
passdb sql {{
  pgsql {place.users_sql} {{
    parameters {{
  {_parameters()}
    }}
  }}
  passdb_default_password_scheme = PLAIN
  query = {_variables(place.password_query)}
}}
userdb sql {{
  pgsql {place.users_sql} {{
    parameters {{
  {_parameters()}
    }}
  }}
  query = {_variables(place.user_query.replace("SEAL", "seal"))}
  iterate_query = {place.iterate_query}
}}
mail_driver = maildir
mail_path = ~/Maildir
"""
        if place.proxy:
            return text + """
lmtp_proxy = yes
""" + ("protocol doveadm {\n mail_plugins {\n  mail_seal = yes\n }\n}\n" if place.mail_seal else "")
        if place.dict == "sql":
            server = f"""
    driver = sql
    sql_driver = pgsql
    pgsql {place.dict_sql} {{
      {f"pgsql_connection_limit = {place.dict_connections}" if place.dict_connections else ""}
      parameters {{
{_parameters()}
      }}
    }}
""" + "".join(f"    dict_map priv/mail-seal/{name} {{\n      sql_table = {table}\n"
              f"      username_field = username\n      value_field {column} {{\n      }}\n    }}\n"
              for name, table, column in MAPS)
        else:
            server = ("    driver = redis\n"
                      f"    redis_host = {place.dict_redis}\n    redis_key_prefix = seal/\n")
        return text + f"""
{self._plugins(["acl", "mail_seal" if place.mail_seal else "", *place.plugins])}
acl_driver = vfile
{ATTRIBUTES_24 if place.metadata else ""}
namespace public {{
  type = public
  separator = /
  prefix = Public/
  mail_path = {place.public}
  mail_index_path = ~/public
  subscriptions = no
{self._teams(place)}
}}
dict_server {{
  dict seal {{
{server}
  }}
}}
{_dict_24(place) if place.mail_seal else ""}
{"".join(f"{name} = {value}" + chr(10) for name, value in place.seal.items())}
sieve_script personal {{
  path = ~/sieve
  active_path = ~/.dovecot.sieve
}}
protocol imap {{
  imap_metadata = {"yes" if place.metadata else "no"}
}}
protocol lmtp {{
  mail_plugins {{
    sieve = yes
  }}
}}
{self.METRICS}
"""

    @staticmethod
    def _teams(place):
        if not place.mail_seal:
            return ""
        return "".join(f"  mailbox {team} {{\n    mail_seal_keys = dict:seal\n  }}\n"
                       for team in place.teams)


def _dict_24(place):
    block = """dict seal {
  driver = proxy
  dict_proxy_name = seal
}
"""
    return block if place.dict_outside else "mail_seal_dict {\n" + block + "}\n"


ATTRIBUTES_24 = """
mail_attribute {
  dict file {
    path = %{home}/attributes
  }
}
"""
MAPS = [("keys", "mail_seal_keys", "certificate"), ("pending", "mail_seal_pending", "pending")]


def _connect(host):
    return (f"host={host} dbname={databases.NAME} user={databases.USER}"
            f" password={databases.PASSWORD}")


def _parameters():
    return (f"    dbname = {databases.NAME}\n    user = {databases.USER}\n"
            f"    password = {databases.PASSWORD}\n")


def _variables(query):
    return query.replace("%u", "%{user}")


def writer(is_24):
    return Dovecot24() if is_24 else Dovecot23()
