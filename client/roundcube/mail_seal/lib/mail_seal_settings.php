<?php

/**
 * The page "Sealed mailbox" of the settings: owners give the server their certificate, by METADATA (RFC 5464).
 */
class mail_seal_settings
{
    const VENDOR = '/private/vendor/vendor.mail-seal/';

    private $rc;
    private $plugin;
    private $objects = ['result' => ''];

    function __construct($plugin)
    {
        $this->rc     = rcmail::get_instance();
        $this->plugin = $plugin;

        $plugin->add_hook('settings_actions', function ($args) {
            $args['actions'][] = ['action' => 'plugin.mail_seal', 'class' => 'mail-seal', 'label' => 'mailbox', 'domain' => 'mail_seal'];
            return $args;
        });
        $plugin->register_action('plugin.mail_seal', [$this, 'page']);
        $plugin->register_action('plugin.mail_seal-save', [$this, 'save']);
        $plugin->include_stylesheet($plugin->local_skin_path() . '/mail_seal.css');
    }

    /**
     * The connection, if it is to a server that takes certificates: another may keep these entries as any.
     *
     * @param string|null $status Set to the entry, which is '' with a server of before it
     */
    private function imap(&$status = null)
    {
        $storage = $this->rc->get_storage();
        // rcube_imap::set_metadata() does nothing where METADATA isn't announced
        $imap    = $storage->check_connection() ? $storage->conn : null;
        $status  = $imap ? $this->entry($imap, 'status') : null;

        if ($status !== '') {
            return $status === null ? $this->refused($imap) : $imap;
        }
        if ($imap->setMetadata('', [self::VENDOR . 'pending' => ''])) {
            $imap->setMetadata('', [self::VENDOR . 'pending' => null]);
            return $this->say('boxerror', $this->plugin->gettext('nometadata'));
        }

        return strpos($imap->error, 'What is pending') === false ? $this->refused($imap) : $imap;
    }

    /**
     * @param bool $ours The server is known to take certificates: a refusal is its own sentence, without Dovecot's times.
     */
    private function refused($imap, $ours = false)
    {
        $no = $imap && $imap->errornum == rcube_imap_generic::ERROR_NO;

        // what a server without mail_seal has to say of these entries says nothing to a user
        if ($no && ($ours || stripos($imap->error, 'certificate') !== false)) {
            $this->say('boxerror', preg_replace('/^\w+: | \([\d.+ ]+secs\)\.$/', '', $imap->error));
        }
        else {
            $down = !$imap || !$imap->connected() || ($no && in_array($imap->resultcode, ['SERVERBUG', 'UNAVAILABLE', 'INUSE']));
            $this->say('boxerror', $this->plugin->gettext($down ? 'unreachable' : 'nometadata'));
        }
    }

    private function say($class, $text)
    {
        $this->objects['result'] = html::div($class, html::span(null, rcube::Q($text)));
    }

    function save()
    {
        $this->rc->request_security_check(rcube_utils::INPUT_POST);

        $entries = ['certificate' => 'keys', 'enigma' => 'keys', 'withdraw' => 'keys', 'cancel' => 'pending', 'code' => 'code'];
        $do      = rcube_utils::get_input_string('_do', rcube_utils::INPUT_POST);
        $value   = trim(rcube_utils::get_input_string('_value', rcube_utils::INPUT_POST));

        if ($do == 'certificate') {
            $value = base64_decode($value);
            // what isn't text goes in lines of base64
            $value = strpos($value, '-----BEGIN ') === 0 ? $value : chunk_split(base64_encode($value));
        }
        if ($do == 'enigma') {
            $enigma = $this->rc->plugins->get_plugin('enigma');
            $value  = ($enigma ? $enigma->load_engine()->export_key($value) : '') ?: null;
        }

        if (!is_string($value)) {
            $this->say('boxerror', $this->plugin->gettext('notexported'));
        }
        else if (isset($entries[$do]) && ($imap = $this->imap())) {
            if ($imap->setMetadata('', [self::VENDOR . $entries[$do] => in_array($do, ['withdraw', 'cancel']) ? null : $value])) {
                $this->say('boxconfirmation', $this->plugin->gettext('done' . ($do == 'enigma' ? 'certificate' : $do)));
            }
            else {
                $this->refused($imap, true);
            }
        }

        // a page that is reloaded does nothing again
        $_SESSION['mail_seal_result'] = $this->objects['result'];
        $this->rc->output->redirect(['_action' => 'plugin.mail_seal']);
    }

    private function entry($imap, $name)
    {
        $values = $imap->getMetadata('', [self::VENDOR . $name]);

        return is_array($values) ? $values[''][self::VENDOR . $name] ?? '' : null;
    }

    function page()
    {
        $this->objects['result'] = $_SESSION['mail_seal_result'] ?? '';
        $this->rc->session->remove('mail_seal_result');

        if ($imap = $this->imap($status)) {
            if ($status === '') {
                $status = $this->entry($imap, 'keys') == '' ? "state=none\nmail=stored" : "state=active\nmail=sealed";
            }
            $this->show($status . "\n" . $this->entry($imap, 'pending'));
        }

        $this->plugin->include_script('mail_seal.js');
        $this->rc->output->set_pagetitle($this->plugin->gettext('mailbox'));
        $this->rc->output->add_handler('mailseal', function ($attrib) {
            return $this->objects[$attrib['part']];
        });
        $this->rc->output->send('mail_seal.settings');
    }

    /**
     * @param string $entries The lines "name=value" of the entries status and pending
     */
    private function show($entries)
    {
        preg_match_all('/^(\w+)=(.*?)\r?$/m', $entries, $lines);
        preg_match_all('/^certificate=(\S+) \S+ (\S+) ?(.*?)\r?$/m', $entries, $certificates, PREG_SET_ORDER);

        $lines = array_combine($lines[1], $lines[2]) + ['problem' => '', 'action' => '', 'missing' => '', 'until' => '', 'keys' => ''];
        $date  = ['date' => $this->rc->format_date($lines['delay_until'] ?? $lines['until'])];
        $until = $this->plugin->gettext(['name' => isset($lines['delay_until']) ? 'delayed' : 'until', 'vars' => $date]);
        $text  = $this->plugin->gettext(['name' => 'is' . $lines['state'], 'vars' => $lines]) . ' ' . $this->plugin->gettext('mail' . $lines['mail']);

        $this->objects += [
            'state'   => html::p(null, rcube::Q($text)),
            'keys'    => implode('', array_map([$this, 'certificate'], $certificates)),
            'pending' => implode('', array_map([$this, 'fingerprint'], array_filter(explode(',', $lines['keys'])))),
            'until'   => rcube::Q($until),
            'enigma'  => $this->enigma_keys(),
        ];
        foreach (['state', 'action', 'missing'] as $name) {
            $this->rc->output->set_env("mail_seal_$name", $lines[$name]);
        }
    }

    private function certificate($match)
    {
        list(, $name, $end, $problem) = $match;

        $vars  = ['date' => $this->rc->format_date($end), 'problem' => $problem];
        $over  = $end != 'never' && strtotime($end) < time();
        $label = $over ? 'expired' : ($problem !== '' ? 'cantbeused' : ($end == 'never' ? null : 'expires'));

        return $this->fingerprint($name) . ($label ? html::p(null, rcube::Q($this->plugin->gettext(['name' => $label, 'vars' => $vars]))) : '');
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
