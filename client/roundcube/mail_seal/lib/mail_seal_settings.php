<?php

/**
 * The page "Sealed mailbox" of the settings: owners give the server their certificate, by METADATA (RFC 5464).
 */
class mail_seal_settings
{
    const VENDOR = '/private/vendor/vendor.mail-seal/';

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

    /**
     * The connection, if it is to a server that takes certificates: another may keep these entries as any.
     */
    private function imap()
    {
        $storage = $this->rc->get_storage();
        // rcube_imap::set_metadata() does nothing where METADATA isn't announced
        $imap    = $storage->check_connection() ? $storage->conn : null;
        $pending = self::VENDOR . 'pending';

        if ($imap && $imap->setMetadata('', [$pending => ''])) {
            $imap->setMetadata('', [$pending => null]);
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

    private function result($class, $text)
    {
        $this->result = html::div($class, html::span(null, rcube::Q($text)));
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
        else if ($do == 'enigma' && ($enigma = $this->rc->plugins->get_plugin('enigma'))) {
            $value = $enigma->load_engine()->export_key($value);
        }

        if (isset($entries[$do]) && is_string($value) && ($imap = $this->imap())) {
            if ($imap->setMetadata('', [self::VENDOR . $entries[$do] => in_array($do, ['withdraw', 'cancel']) ? null : $value])) {
                $this->result('boxconfirmation', $this->plugin->gettext('done' . $do));
            }
            else {
                $this->refused($imap);
            }
        }

        $this->rc->overwrite_action('plugin.mail_seal');
        $this->page();
    }

    /**
     * An entry's lines "name=value": the values of each name. Null if the server can't say it.
     */
    private function lines($imap, $entry)
    {
        $values = $imap->getMetadata('', [self::VENDOR . $entry]);
        $lines  = [];

        foreach (preg_split('/\r?\n/', $values[''][self::VENDOR . $entry] ?? '') as $line) {
            list($name, $value) = explode('=', $line, 2) + ['', ''];
            $lines[$name][] = $value;
        }

        return is_array($values) ? $lines : null;
    }

    function page()
    {
        $output  = $this->rc->output;
        $imap    = $this->imap();
        $status  = $imap ? $this->lines($imap, 'status') : null;
        $pending = $imap ? $this->lines($imap, 'pending') : [];
        $objects = ['enigma' => $this->enigma_keys()];

        if ($status !== null) {
            // a server of before this entry
            $old     = empty($status['state']) ? $imap->getMetadata('', [self::VENDOR . 'keys']) : null;
            $state   = $status['state'][0] ?? (empty($old['']) ? 'none' : 'active');
            $mail    = $status['mail'][0] ?? ($state == 'active' ? 'sealed' : 'stored');
            $problem = ['problem' => $status['problem'][0] ?? ''];

            $output->set_env('mail_seal_state', $state);
            $output->set_env('mail_seal_pending', $pending['action'][0] ?? '');
            $output->set_env('mail_seal_missing', $pending['missing'][0] ?? '');

            $text = $this->plugin->gettext(['name' => "is$state", 'vars' => $problem]) . ' ' . $this->plugin->gettext("mail$mail");
            $keys = array_filter(explode(',', $pending['keys'][0] ?? ''));
            $objects += [
                'state'   => html::p(null, rcube::Q($text)),
                'keys'    => implode('', array_map([$this, 'certificate'], $status['certificate'] ?? [])),
                'until'   => rcube::Q($this->rc->format_date($pending['until'][0] ?? '')),
                'pending' => implode('', array_map([$this, 'fingerprint'], $keys)),
            ];
        }
        else if ($imap) {
            $this->refused($imap);
        }

        $objects['result'] = $this->result;
        $output->add_handler('mailseal', function ($attrib) use ($objects) {
            return $objects[$attrib['part']];
        });

        $this->plugin->include_script('mail_seal.js');
        $output->set_pagetitle($this->plugin->gettext('mailbox'));
        $output->send('mail_seal.settings');
    }

    /**
     * Of a line: fingerprint, kind, end, and what is wrong with it
     */
    private function certificate($line)
    {
        list($name, , $end) = explode(' ', $line);
        $vars  = ['date' => $this->rc->format_date($end)];
        $label = ['name' => strtotime($end) < time() ? 'expired' : 'expires', 'vars' => $vars];

        return $this->fingerprint($name) . ($end == 'never' ? '' : html::p(null, rcube::Q($this->plugin->gettext($label))));
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
