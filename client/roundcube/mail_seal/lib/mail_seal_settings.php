<?php

require_once __DIR__ . '/mail_seal_certificate.php';

/**
 * The page "Sealed mailbox" of the settings: owners give the server their certificate, by METADATA (RFC 5464).
 */
class mail_seal_settings
{
    const KEYS    = '/private/vendor/vendor.mail-seal/keys';
    const PENDING = '/private/vendor/vendor.mail-seal/pending';
    const CODE    = '/private/vendor/vendor.mail-seal/code';

    private $rc;
    private $plugin;
    private $result = '';

    function __construct($plugin)
    {
        $this->rc     = rcmail::get_instance();
        $this->plugin = $plugin;

        $plugin->add_hook('settings_actions', [$this, 'settings_actions']);
        $plugin->register_action('plugin.mail_seal', [$this, 'page']);
        $plugin->register_action('plugin.mail_seal-save', [$this, 'save']);
        $plugin->include_stylesheet($plugin->local_skin_path() . '/mail_seal.css');
    }

    function settings_actions($args)
    {
        $args['actions'][] = ['action' => 'plugin.mail_seal', 'class' => 'mail-seal', 'label' => 'mailbox', 'domain' => 'mail_seal'];

        return $args;
    }

    private function result($class, $text)
    {
        $this->result = html::div($class, html::span(null, rcube::Q($text)));
    }

    /**
     * The connection, if it is to a server that takes certificates: another may keep these entries as any.
     */
    private function imap()
    {
        $storage = $this->rc->get_storage();
        // rcube_imap::set_metadata() does nothing where METADATA isn't announced
        $imap    = $storage instanceof rcube_imap && $storage->check_connection() ? $storage->conn : null;

        if ($imap && $imap->setMetadata('', [self::PENDING => ''])) {
            $imap->setMetadata('', [self::PENDING => null]);
            $imap = null;
        }
        if ($imap && strpos((string) $imap->error, 'What is pending')) {
            return $imap;
        }

        // what a server without mail_seal has to say of these entries says nothing to a user
        $this->refused($imap && stripos((string) $imap->error, 'certificate') ? $imap : null);
    }

    /**
     * A refusal is the server's own sentence, without Dovecot's times.
     */
    private function refused($imap)
    {
        $no = $imap && $imap->errornum == rcube_imap_generic::ERROR_NO;
        $this->result('boxerror', $no ? preg_replace('/^\w+: | \([\d.+ ]+secs\)\.$/', '', $imap->error) : $this->plugin->gettext('nometadata'));
    }

    function save()
    {
        $this->rc->request_security_check(rcube_utils::INPUT_POST);

        $entries = ['certificate' => self::KEYS, 'enigma' => self::KEYS, 'withdraw' => self::KEYS, 'cancel' => self::PENDING, 'code' => self::CODE];
        $do      = rcube_utils::get_input_string('_do', rcube_utils::INPUT_POST);
        $value   = trim(rcube_utils::get_input_string('_value', rcube_utils::INPUT_POST));

        if ($do == 'certificate') {
            $value = base64_decode($value);
        }
        else if ($do == 'enigma' && ($enigma = $this->rc->plugins->get_plugin('enigma'))) {
            $value = $enigma->load_engine()->export_key($value);
        }

        $value = is_string($value) ? $value : '';
        $error = strlen($value) > mail_seal_certificate::SIZE_MAX ? 'toolarge' : (mail_seal_certificate::is_secret($value) ? 'secretsent' : '');
        // what isn't text goes as base64
        $value = preg_match('/^[\t\r\n -~]*$/', $value) ? $value : base64_encode($value);

        if ($error) {
            $this->result('boxerror', $this->plugin->gettext($error));
        }
        else if (isset($entries[$do]) && ($imap = $this->imap())) {
            if ($imap->setMetadata('', [$entries[$do] => in_array($do, ['withdraw', 'cancel']) ? null : $value])) {
                $this->result('boxconfirmation', $this->plugin->gettext('done' . $do));
            }
            else {
                $this->refused($imap);
            }
        }

        $this->rc->overwrite_action('plugin.mail_seal');
        $this->page();
    }

    function page()
    {
        $output  = $this->rc->output;
        $imap    = $this->imap();
        $values  = $imap ? $imap->getMetadata('', [self::KEYS, self::PENDING]) : null;
        $keys    = $values[''][self::KEYS] ?? '';
        $pending = preg_match_all('/^(\w+)=(.*?)\r?$/m', $values[''][self::PENDING] ?? '', $m) ? array_combine($m[1], $m[2]) : [];

        if (is_array($values)) {
            $output->set_env('mail_seal_state', $keys !== '' ? 'active' : ($pending ? 'pending' : 'none'));
            $output->set_env('mail_seal_pending', $pending['action'] ?? '');
            $output->set_env('mail_seal_missing', $pending['missing'] ?? '');
        }
        else if ($imap) {
            $this->refused($imap);
        }

        $objects = [
            'result'  => $this->result,
            'keys'    => implode('', array_map([$this, 'certificate'], mail_seal_certificate::summary($keys))),
            'until'   => rcube::Q($this->rc->format_date($pending['until'] ?? '')),
            'pending' => implode('', array_map([$this, 'fingerprint'], array_filter(explode(',', $pending['keys'] ?? '')))),
            'enigma'  => $this->enigma_keys(),
        ];
        $output->add_handler('mailseal', function ($attrib) use ($objects) {
            return $objects[$attrib['part']];
        });

        $this->plugin->include_script('mail_seal.js');
        $output->set_pagetitle($this->plugin->gettext('mailbox'));
        $output->send('mail_seal.settings');
    }

    private function certificate($one)
    {
        $label = !$one['expires'] ? 'active' : ($one['expires'] < time() ? 'expired' : 'expires');
        $text  = $this->plugin->gettext(['name' => $label, 'vars' => ['date' => $this->rc->format_date($one['expires'])]]);

        return html::p(null, rcube::Q($text)) . $this->fingerprint($one['fingerprint']);
    }

    private function fingerprint($name)
    {
        return html::p('fingerprint', html::tag('code', null, rcube::Q(implode(' ', str_split(strtoupper($name), 4)))));
    }

    private function enigma_keys()
    {
        $enigma = $this->rc->plugins->get_plugin('enigma');
        $keys   = $enigma ? $enigma->load_engine()->list_keys() : [];
        $select = new html_select(['name' => '_value', 'class' => 'custom-select', 'aria-label' => $this->plugin->gettext('usekey')]);

        foreach (is_array($keys) ? $keys : [] as $key) {
            if ($key->is_private()) {
                $select->add($key->name . ' (' . enigma_key::format_id($key->id) . ')', $key->id);
                $this->rc->output->set_env('mail_seal_enigma', true);
            }
        }

        return $select->show();
    }
}
