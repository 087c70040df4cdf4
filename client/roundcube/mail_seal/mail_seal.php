<?php

/**
 * mail_seal: mailboxes whose server seals mail with its owner's key
 *
 * What can't be shown here is never replaced, nor sent as if it were empty; sealed
 * messages are marked, and answered as any others; owners enrol their certificate.
 * Decisions are in lib/, this class has the hooks only.
 *
 * @license GNU GPLv3+
 */
class mail_seal extends rcube_plugin
{
    public $task = 'mail|settings';

    private $rc;
    private $sealed   = [];
    private $unopened = 0;
    private $plain    = false;
    private $unsaved;

    function init()
    {
        $this->rc = rcmail::get_instance();
        $this->load_config();
        $this->add_texts('localization/');
        require_once __DIR__ . '/lib/mail_seal_message.php';

        if ($this->rc->task == 'settings') {
            require_once __DIR__ . '/lib/mail_seal_certificate.php';
            require_once __DIR__ . '/lib/mail_seal_settings.php';
            new mail_seal_settings($this);
            return;
        }

        $this->add_hook('ready', [$this, 'ready']);
        $this->add_hook('storage_init', [$this, 'storage_init']);
        $this->add_hook('messages_list', [$this, 'messages_list']);
        $this->add_hook('message_load', [$this, 'message_load']);
        $this->add_hook('message_objects', [$this, 'message_objects']);
        $this->add_hook('template_object_messagebody', [$this, 'message_body']);
        $this->add_hook('message_compose_body', [$this, 'message_compose_body']);
        $this->add_hook('compose_objects', [$this, 'compose_objects']);
        $this->add_hook('render_page', [$this, 'render_page']);
        $this->add_hook('message_draftsaved', [$this, 'message_draftsaved']);
        $this->add_hook('message_sent', [$this, 'message_sent']);
        $this->add_hook('attachments_cleanup', [$this, 'attachments_cleanup']);
        $this->add_hook('send_page', [$this, 'send_page']);

        // before the plugins that keep attachments
        $handlers =& $this->api->handlers['attachment_save'];
        $handlers = array_merge([[$this, 'attachment_save']], (array) $handlers);
    }

    function ready($args)
    {
        if ($args['task'] != 'mail') {
            return $args;
        }

        if ($this->rc->output->type == 'html' && !in_array($args['action'], ['get', 'send'])) {
            $this->include_script('mail_seal.js');
            $this->include_stylesheet('skins/elastic/mail_seal.css');
            $this->rc->output->add_label('mail_seal.sealed', 'mail_seal.headersonly', 'mail_seal.unsaved', 'mail_seal.download');
        }
        if ($args['action'] == 'search') {
            $text = '/(^|,)(text|body)(,|$)/';
            $this->rc->output->set_env('mail_seal_search', !empty($_SESSION['mail_seal_seen'])
                && (preg_match($text, rcube_utils::get_input_string('_headers', rcube_utils::INPUT_GET))
                    || preg_match('/^body:/i', rcube_utils::get_input_string('_q', rcube_utils::INPUT_GET))));
        }
        if ($args['action'] == 'send') {
            $this->keep_draft();
        }

        return $args;
    }

    /*
     * Which messages the server sealed
     */

    function storage_init($args)
    {
        $args['fetch_headers'] = trim(($args['fetch_headers'] ?? '') . ' X-MAIL-SEAL');

        return $args;
    }

    private function is_sealed($message)
    {
        $id = $message->folder . ':' . $message->uid;

        if (!isset($this->sealed[$id])) {
            $storage = $this->rc->get_storage();
            $storage->set_folder($message->folder);
            $this->sealed[$id] = $message->context === null && !empty($message->headers->others['x-mail-seal'])
                && mail_seal_message::has_mark((string) $storage->get_raw_headers($message->uid));
        }

        return $this->sealed[$id];
    }

    function messages_list($args)
    {
        $folders = [];

        foreach ((array) $args['messages'] as $header) {
            if (!empty($header->others['x-mail-seal'])) {
                $folders[$header->folder][$header->uid] = $header;
            }
        }
        foreach ($folders as $folder => $headers) {
            // only the header section itself has the order of its fields
            $raw = $this->rc->get_storage()->conn->fetch($folder, array_keys($headers), true, ['UID', 'BODY.PEEK[HEADER]']);
            foreach ((array) $raw as $message) {
                if (!empty($message->uid) && mail_seal_message::has_mark($message->bodypart['HEADER'] ?? '')) {
                    $clip = !empty($_SESSION['mail_seal_clips'][$folder . ':' . $message->uid]);
                    $headers[$message->uid]->list_flags['attachmentClass'] = 'mail-seal' . ($clip ? ' with-attachment' : '');
                    $_SESSION['mail_seal_seen'] = true;
                }
            }
        }

        return $args;
    }

    /*
     * What enigma makes of them
     */

    private function engine()
    {
        $enigma = $this->api->get_plugin('enigma');

        return $enigma && $this->rc->config->get('enigma_decryption', true) ? $enigma->load_engine() : null;
    }

    /**
     * The MIME entity in a sealed message, or null if it can't be opened here
     */
    private function open($raw)
    {
        $engine = $this->engine();
        $armor  = mail_seal_message::armor($raw);

        if (!$engine || !$armor || !rcube_utils::mem_check(4 * strlen($raw))) {
            return null;
        }

        $class  = 'enigma_driver_' . $this->rc->config->get('enigma_pgp_driver', 'gnupg');
        $driver = new $class($this->rc->user->get_username());
        $error  = $driver->init();
        $entity = $error ? $error : $driver->decrypt($armor, $engine->get_passwords());

        return is_string($entity) ? $entity : null;
    }

    /**
     * Is there something encrypted in the message that isn't decrypted?
     */
    private function is_closed($message)
    {
        $engine = $this->engine();
        $failed = $engine ? array_filter($engine->decryptions, 'is_object') : [];
        $types  = ['multipart/encrypted', 'application/pkcs7-mime', 'application/x-pkcs7-mime'];

        foreach ((array) $message->parts as $part) {
            if (!empty($part->realtype) && in_array($part->realtype, $types)) {
                return true;
            }
        }

        // the root, if enigma hasn't put another one in its place
        $root = $message->headers->structure ?? null;
        $type = $root ? strtolower($root->mimetype) : '';

        return $failed || (in_array($type, $types) && empty($engine->encrypted_parts));
    }

    function message_load($args)
    {
        $message = $args['object'];
        $engine  = $this->engine();

        if (!$engine || !$engine->encrypted_parts || $this->is_closed($message)) {
            return $args;
        }

        $sealed = $this->is_sealed($message);
        $shown  = in_array($this->rc->action, ['show', 'preview', 'print']);
        $inner  = reset($message->mime_parts);

        foreach ($message->mime_parts as $part) {
            if (strlen($part->mime_id) < strlen($inner->mime_id)) {
                $inner = $part;
            }
        }
        if ($sealed) {
            $clips = ($_SESSION['mail_seal_clips'] ?? []) + [$message->folder . ':' . $message->uid => count($message->attachments) > 0];
            $_SESSION['mail_seal_clips'] = array_slice($clips, -500, null, true);
        }

        // what its sender protected doesn't go into an answer
        $type = $inner->headers['content-type'] ?? '';
        if (($sealed || $shown) && is_string($type) && is_string($inner->headers['subject'] ?? null)
            && preg_match('/;\s*(hp="?cipher|protected-headers="?v1)/i', $type)
        ) {
            // Roundcube's cache may keep the first
            $message->headers = clone $message->headers;
            $message->headers->set('subject', $inner->headers['subject']);
            $message->subject = str_replace("\n", '', $message->headers->get('subject'));
        }

        return $args;
    }

    /*
     * Reading
     */

    private function text($label)
    {
        $url  = (string) $this->rc->config->get('mail_seal_help_url');
        $link = $url === '' ? '' : ' ' . html::a(['href' => $url, 'target' => '_blank', 'rel' => 'noopener'], rcube::Q($this->gettext('help')));

        return rcube::Q($this->gettext($label)) . $link;
    }

    function message_objects($args)
    {
        if ($this->is_sealed($args['message'])) {
            $args['content'][] = html::div('mail-seal-mark', $this->text('sealed'));
            $this->marked = $args['message'];
        }

        return $args;
    }

    private $marked;

    function message_body($args)
    {
        if ($this->marked) {
            $notice = html::span('part-notice', $this->rc->gettext('encryptedmessage'));
            $args['content'] = str_replace($notice, html::span('part-notice mail-seal', rcube::Q($this->gettext('elsewhere'))), $args['content']);
        }

        return $args;
    }

    /*
     * Writing
     */

    function message_compose_body($args)
    {
        $message = $args['message'];
        $mode    = $args['mode'];

        if (!$message instanceof rcube_message || empty($message->headers) || !empty($_POST['_message'])) {
            return $args;
        }

        $id     = rcube_utils::get_input_string('_id', rcube_utils::INPUT_GET);
        $closed = $this->is_closed($message) || (!empty($message->pgp_mime) && !empty($message->attachments));
        $sealed = $this->is_sealed($message);
        // Mailvelope opens what the browser itself encrypted
        $mailvelope = !empty($_SESSION['browser_caps']['pgpmime']) && !$sealed && $message->get_multipart_encrypted_part();

        if ($closed && in_array($mode, ['draft', 'edit', 'forward']) && !$mailvelope) {
            $this->refuse($message, $mode);
        }
        if (!$closed && $mode == 'draft') {
            $_SESSION['compose_data_' . $id]['mail_seal_shown'] = $message->uid;
        }
        if (!$closed && $sealed) {
            $entity = $this->open((string) $this->rc->get_storage()->get_raw_body($message->uid));
            $this->plain = $entity !== null && !mail_seal_message::holds_encrypted(rcube_mime::parse_message($entity));
        }

        return $args;
    }

    /**
     * A page instead of an editor, with enigma's question if a password is missing
     */
    private function refuse($message, $mode)
    {
        $enigma = $this->api->get_plugin('enigma');
        $output = $this->rc->output;

        foreach ($enigma && $this->engine() ? $this->engine()->decryptions : [] as $status) {
            if ($status instanceof enigma_error && $status->getCode() == enigma_error::BADPASS) {
                $enigma->load_ui();
                $enigma->ui->password_prompt($status, ['compose-init' => true]);
            }
        }

        $back = $this->rc->url(['task' => 'mail', 'action' => 'show', 'mbox' => $message->folder, 'uid' => $message->uid]);
        $output->set_env('action', 'plugin.mail_seal');
        $output->set_env('pgp_mime_message', null);
        $output->set_env('draft_id', null);
        $output->add_handler('mailsealrefused', function () use ($mode, $back) {
            return html::div(['class' => 'boxerror', 'id' => 'mail-seal-refused'], $this->text('refused' . $mode))
                . html::p(null, html::a(['href' => $back, 'class' => 'button btn btn-primary'], rcube::Q($this->rc->gettext('back'))));
        });
        $output->send('mail_seal.refused');
    }

    function render_page($args)
    {
        if ($args['template'] == 'compose' && $this->plain) {
            $this->rc->output->set_env('enigma_force_encrypt', false);
        }
        $this->rc->output->set_env('mail_seal_seen', !empty($_SESSION['mail_seal_seen']));

        return $args;
    }

    /**
     * A draft that this editor hasn't shown or saved isn't replaced: another one is saved.
     */
    private function keep_draft()
    {
        $id  = rcube_utils::get_input_string('_id', rcube_utils::INPUT_GPC);
        $old = rcube_utils::get_input_string('_draft_saveid', rcube_utils::INPUT_POST);

        if ($old === '' || isset($_POST['_pgpmime']) || $old == ($_SESSION['compose_data_' . $id]['mail_seal_shown'] ?? null)) {
            return;
        }

        $message = new rcube_message($old, $this->rc->config->get('drafts_mbox'));
        if (!empty($message->headers) && $this->is_closed($message)) {
            $_POST['_draft_saveid'] = '';
        }
    }

    function message_draftsaved($args)
    {
        $id = rcube_utils::get_input_string('_id', rcube_utils::INPUT_GPC);
        $_SESSION['compose_data_' . $id]['mail_seal_shown'] = $args['uid'];
    }

    /**
     * A message that is attached: the recipient can't open what is sealed to the sender.
     */
    function attachment_save($args)
    {
        if (($args['mimetype'] ?? '') != 'message/rfc822') {
            return $args;
        }

        $raw = $args['data'] ?? (string) @file_get_contents($args['path'] ?? '');
        if (!mail_seal_message::has_mark(substr($raw, 0, 65536))) {
            return $args;
        }

        $entity = $this->open($raw);
        if ($entity === null) {
            $this->unopened++;
            $this->rc->output->show_message('mail_seal.cannotopen', 'warning');
            return $args;
        }
        if (!empty($args['path'])) {
            @unlink($args['path']);
        }

        $data = mail_seal_message::opened($raw, $entity);

        return ['data' => $data, 'path' => null, 'size' => strlen($data)] + $args;
    }

    function compose_objects($args)
    {
        if ($this->unopened) {
            $args['content'][] = html::div(['class' => 'boxwarning', 'id' => 'mail-seal-unopened'], $this->text('cannotopen'));
        }

        return $args;
    }

    /*
     * A copy for Sent that the server refuses
     */

    function message_sent($args)
    {
        $this->unsaved = $args['message'];
    }

    function attachments_cleanup($args)
    {
        $this->unsaved = null;
    }

    function send_page($args)
    {
        if ($this->unsaved && $this->rc->action == 'send') {
            $message = $this->unsaved->getMessage();
            if (is_string($message) && rcube_utils::mem_check(5 * strlen($message))) {
                $script = html::script([], sprintf('parent.rcmail.mail_seal_unsaved("%s");', base64_encode($message)));
                $args['content'] = str_replace('</body>', $script . '</body>', $args['content'], $count);
                $args['content'] .= $count ? '' : $script;
            }
        }

        return $args;
    }
}
