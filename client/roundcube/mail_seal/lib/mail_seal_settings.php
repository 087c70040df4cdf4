<?php

/**
 * The section "Sealed mailbox" of the settings: the owner gives the server his
 * certificate, by METADATA (RFC 5464).
 */
class mail_seal_settings
{
    const ENTRY = '/private/vendor/vendor.mail-seal/';

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
        $plugin->include_stylesheet('skins/elastic/mail_seal.css');
    }

    function settings_actions($args)
    {
        $args['actions'][] = [
            'action' => 'plugin.mail_seal',
            'class'  => 'mail-seal',
            'label'  => 'mailbox',
            'title'  => 'mailbox',
            'domain' => 'mail_seal',
        ];

        return $args;
    }

    function page()
    {
        $this->plugin->register_handler('plugin.body', [$this, 'form']);
        $this->plugin->include_script('mail_seal.js');
        $this->rc->output->add_label('mail_seal.secret', 'mail_seal.nocertificate', 'mail_seal.toolarge', 'mail_seal.reallywithdraw');
        $this->rc->output->set_pagetitle($this->plugin->gettext('mailbox'));
        $this->rc->output->send('plugin');
    }

    /**
     * What the form sends: a certificate, a key of enigma's, a code, or what is taken back
     */
    function save()
    {
        $this->rc->request_security_check(rcube_utils::INPUT_POST);

        $input = function ($name) {
            return trim(rcube_utils::get_input_string($name, rcube_utils::INPUT_POST));
        };

        switch ($input('_do')) {
        case 'certificate':
            $this->enrol((string) base64_decode($input('_certificate'), true));
            break;
        case 'enigma':
            $key = $this->rc->plugins->get_plugin('enigma')->load_engine()->export_key($input('_key'));
            $this->enrol(is_string($key) ? $key : '');
            break;
        case 'code':
            $this->set('code', $input('_code'), 'codetaken');
            break;
        case 'withdraw':
            $this->set('keys', null, 'withdrawn');
            break;
        case 'cancel':
            $this->set('pending', null, 'cancelled');
            break;
        }

        $this->rc->overwrite_action('plugin.mail_seal');
        $this->page();
    }

    private function enrol($bytes)
    {
        $kind = strlen($bytes) > mail_seal_certificate::SIZE_MAX ? 'toolarge' : mail_seal_certificate::kind($bytes);

        if ($kind != 'certificate') {
            $this->result = html::div('boxerror', rcube::Q($this->plugin->gettext($kind ?: 'nocertificate')));
            return;
        }

        // bytes as base64, which isn't taken for text
        $this->set('keys', strpos($bytes, '-----BEGIN') === false ? base64_encode($bytes) : $bytes, 'given');
    }

    private function imap()
    {
        $storage = $this->rc->get_storage();

        // Roundcube's own set_metadata() does nothing where METADATA isn't announced
        return $storage instanceof rcube_imap && $storage->check_connection() ? $storage->conn : null;
    }

    /**
     * A refusal is the server's own sentence
     */
    private function error($imap)
    {
        if (!$imap || $imap->errornum != rcube_imap_generic::ERROR_NO) {
            return $this->plugin->gettext('nometadata');
        }

        return preg_replace('/^[GS]ETMETADATA: /', '', $imap->error);
    }

    private function set($entry, $value, $label)
    {
        $imap = $this->imap();
        $done = $imap && $imap->setMetadata('', [self::ENTRY . $entry => $value]);
        $text = $done ? $this->plugin->gettext($label) : $this->error($imap);

        $this->result = html::div($done ? 'boxconfirmation' : 'boxerror', rcube::Q($text));
    }

    function form()
    {
        $imap   = $this->imap();
        $values = $imap ? $imap->getMetadata('', [self::ENTRY . 'keys', self::ENTRY . 'pending']) : null;
        $body   = html::div(['id' => 'mail-seal-result', 'role' => 'status'], $this->result);

        if (!is_array($values)) {
            $body .= html::div(['class' => 'boxerror', 'id' => 'mail-seal-state'], rcube::Q($this->error($imap)));
        }
        else {
            $keys    = mail_seal_certificate::summary($values[''][self::ENTRY . 'keys'] ?? '');
            preg_match_all('/^(\w+)=(.*?)\r?$/m', $values[''][self::ENTRY . 'pending'] ?? '', $m);
            $pending = array_combine($m[1], $m[2]);
            $body   .= $this->state($keys, $pending) . $this->pending($pending) . $this->give() . $this->withdraw($keys);
        }

        return html::div(['id' => 'prefs-title', 'class' => 'boxtitle'], rcube::Q($this->plugin->gettext('mailbox')))
            . html::div('box formcontainer scroller', html::div(['class' => 'boxcontent formcontent', 'id' => 'mail-seal'], $body));
    }

    private function section($label, $content)
    {
        return html::tag('fieldset', ['id' => "mail-seal-$label"], html::tag('legend', null, rcube::Q($this->plugin->gettext($label))) . $content);
    }

    private function part($do, $content, $button, $class = 'btn-primary')
    {
        $hidden = new html_hiddenfield(['name' => '_do', 'value' => $do]);
        $token  = new html_hiddenfield(['name' => '_token', 'value' => $this->rc->get_request_token()]);
        $submit = html::tag('button', ['type' => 'submit', 'class' => "btn $class"], rcube::Q($this->plugin->gettext($button)));

        return html::tag('form', ['method' => 'post', 'action' => './?_task=settings&_action=plugin.mail_seal-save', 'class' => "mail-seal-$do"],
            $hidden->show() . $token->show() . $content . $submit);
    }

    private function paragraph($label, $vars = [])
    {
        return html::p(null, rcube::Q($this->plugin->gettext(['name' => $label, 'vars' => $vars])));
    }

    private static function fingerprint($fingerprint)
    {
        return html::p(null, html::tag('code', null, rcube::Q(wordwrap(strtoupper($fingerprint), 4, ' ', true))));
    }

    private function date($time)
    {
        return $this->rc->format_date($time, $this->rc->config->get('date_long'));
    }

    private function state($keys, $pending)
    {
        $text = $keys ? '' : $this->paragraph($pending ? 'statepending' : 'statenone');

        foreach ($keys as $key) {
            $label = !$key['expires'] ? 'stateactive' : ($key['expires'] < time() ? 'stateexpired' : 'stateexpires');
            $text .= $this->paragraph($label, ['date' => $this->date($key['expires'])]) . self::fingerprint($key['fingerprint']);
        }

        return $this->section('state', $text);
    }

    private function pending($pending)
    {
        if (!$pending) {
            return '';
        }

        $text  = $this->paragraph($pending['action'] == 'unset' ? 'pendingunset' : 'pendingset', ['date' => $this->date($pending['until'])]);
        $text .= implode('', array_map([self::class, 'fingerprint'], array_filter(explode(',', $pending['keys'] ?? ''))));
        foreach (array_filter(explode(',', $pending['missing'] ?? '')) as $missing) {
            $text .= $this->paragraph($missing == 'old' ? 'missingold' : 'missingnew');
        }

        $field = new html_inputfield(['name' => '_code', 'maxlength' => 200, 'class' => 'form-control', 'placeholder' => 'seal-…',
            'autocomplete' => 'off', 'aria-label' => $this->plugin->gettext('code')]);

        return $this->section('pending', $text . $this->part('code', $field->show(), 'sendcode') . $this->part('cancel', '', 'cancel', 'btn-secondary'));
    }

    private function give()
    {
        // without names: what is in these fields isn't sent
        $file   = new html_inputfield(['type' => 'file', 'class' => 'form-control', 'aria-label' => $this->plugin->gettext('file')]);
        $area   = new html_textarea(['rows' => 5, 'class' => 'form-control', 'aria-label' => $this->plugin->gettext('paste')]);
        $hidden = new html_hiddenfield(['name' => '_certificate', 'value' => '']);
        $form   = $this->paragraph('givetext') . $this->part('certificate', $this->paragraph('file') . $file->show()
            . $this->paragraph('paste') . $area->show() . $hidden->show(), 'give');
        $enigma = $this->rc->plugins->get_plugin('enigma');
        $keys   = $enigma ? $enigma->load_engine()->list_keys() : [];

        foreach (is_array($keys) ? $keys : [] as $key) {
            if ($key->get_type() == enigma_key::TYPE_KEYPAIR) {
                $hidden = new html_hiddenfield(['name' => '_key', 'value' => $key->id]);
                $form  .= $this->part('enigma', $hidden->show() . html::span('key', rcube::Q($key->name)) . ' ', 'usekey', 'btn-secondary');
            }
        }

        return $this->section('certificate', $form);
    }

    private function withdraw($keys)
    {
        return $keys ? $this->section('end', $this->paragraph('withdrawtext') . $this->part('withdraw', '', 'withdraw', 'btn-danger')) : '';
    }
}
