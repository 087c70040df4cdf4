<?php

/**
 * mail_seal: for mailboxes whose server seals mail with its owner's key
 *
 * What can't be shown here is never replaced, nor sent as if it were empty. Sealed messages are
 * marked, and answered as any others. This class has the hooks; what to think of bytes is in lib/.
 *
 * @license GNU GPLv3+
 */
class mail_seal extends rcube_plugin
{
    public $task = 'mail|settings';

    private $rc;
    private $shown;            // message that is displayed
    private $keyless = false;  // has enigma looked for its key in vain?
    private $sealed = [];      // answers of is_sealed()
    private $before = [];      // what the editor had before this request
    private $plain;            // is it an answer to what came unencrypted?
    private $unsaved;          // message that was sent, and not yet stored
    private $draft = '';       // the draft that it was
    private $replaced = '';    // key of the draft that goes
    private $attached = 0;     // files that this request attaches
    private $warned = false;

    function init()
    {
        $this->rc = rcmail::get_instance();
        $this->load_config();
        $this->add_texts('localization/', ['sealed', 'headersonly', 'unsaved', 'unsavedlarge', 'download', 'notsent', 'toolarge', 'reallywithdraw']);
        require_once __DIR__ . '/lib/mail_seal_' . ($this->rc->task == 'mail' ? 'message' : 'settings') . '.php';

        if ($this->rc->task == 'settings') {
            return new mail_seal_settings($this);
        }

        $hooks = ['ready', 'storage_init', 'messages_list', 'message_load', 'template_object_messagebody',
            'message_ready', 'message_draftsaved', 'message_sent', 'attachments_cleanup', 'send_page'];
        foreach ($hooks as $hook) {
            $this->add_hook($hook, [$this, $hook]);
        }

        // before the plugins that keep attachments
        foreach (['attachment_save', 'attachment_upload'] as $hook) {
            $this->api->handlers[$hook] = array_merge([[$this, $hook]], $this->api->handlers[$hook] ?? []);
        }
    }

    function ready($args)
    {
        $input = function ($name) {
            return rcube_utils::get_input_string($name, rcube_utils::INPUT_GP, true);
        };

        if ($this->rc->output->type == 'html' && !in_array($args['action'], ['get', 'send'])) {
            $this->include_script('mail_seal.js');
            $this->include_stylesheet($this->local_skin_path() . '/mail_seal.css');
        }
        if ($args['action'] == 'search') {
            $text = preg_match('/^body:|(^|,)(text|body)(,|$)/i', $input('_headers')) || preg_match('/^body:/i', $input('_q'));
            $this->rc->output->set_env('mail_seal_headersonly', $text && !empty($_SESSION['mail_seal_seen']));
        }
        if ($args['action'] == 'compose') {
            $this->before = $_SESSION['compose_data_' . $input('_id')] ?? [];
            // behind enigma, wherever it stands in the list of plugins
            $this->add_hook('message_compose_body', [$this, 'message_compose_body']);
        }
        if ($args['action'] == 'bounce') {
            $message = new rcube_message($input('_uid'), $input('_mbox'));
            if ($message->context === null && $this->is_sealed($message)) {
                $this->rc->output->show_message('mail_seal.cannotopen', 'error');
                $this->rc->output->send('iframe');
            }
        }
    }

    private function &compose_data()
    {
        return $_SESSION['compose_data_' . rcube_utils::get_input_string('_id', rcube_utils::INPUT_GPC)];
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
        $storage = $this->rc->get_storage();
        $id      = $message->folder . ':' . $message->uid;

        if (!isset($this->sealed[$id])) {
            $storage->set_folder($message->folder);
            // an attached message has its own header fields
            $this->sealed[$id] = ($message->context !== null || !empty($message->headers->others['x-mail-seal']))
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
            // only the header section as it stands says what is first
            $found = $this->rc->get_storage()->conn->fetch($folder, array_keys($headers), true, ['UID', 'BODY.PEEK[HEADER]<0.512>']);
            foreach ((array) $found as $one) {
                if (mail_seal_message::begins_sealed($one->bodypart['HEADER<0>'] ?? '', $headers[$one->uid]->ctype ?? '')) {
                    $clip = !empty($_SESSION['mail_seal_clips'][$folder . ':' . $one->uid]);
                    $headers[$one->uid]->list_flags['attachmentClass'] = 'mail-seal' . ($clip ? ' with-attachment' : '');
                    $_SESSION['mail_seal_seen'] = true;
                }
            }
        }
    }

    /*
     * What enigma makes of them
     */

    private function engine()
    {
        $enigma = $this->api->get_plugin('enigma');
        $none   = (object) ['decryptions' => [], 'encrypted_parts' => []];

        return $enigma && $this->rc->config->get('enigma_decryption', true) ? $enigma->load_engine() : $none;
    }

    /**
     * What it couldn't decrypt, for this reason or any, by the ids of parts
     */
    private function failures($reason = null)
    {
        return array_filter($this->engine()->decryptions, function ($status) use ($reason) {
            return $status instanceof enigma_error && (!$reason || $status->getCode() == constant("enigma_error::$reason"));
        });
    }

    /**
     * The MIME entity in a sealed message, or null if it can't be opened here
     *
     * @param string|rcube_message $message Fetched only if there is hope
     */
    private function open($message)
    {
        $engine = $this->engine();
        $size   = is_string($message) ? strlen($message) : $message->headers->size;

        if (!$engine instanceof enigma_engine || !rcube_utils::mem_check(5 * $size)) {
            return null;
        }

        mail_seal_message::cut_armor(is_string($message) ? $message : (string) $this->rc->get_storage()->get_raw_body($message->uid), $armor);
        if ($armor === '') {
            return null;
        }

        $class  = 'enigma_driver_' . $this->rc->config->get('enigma_pgp_driver', 'gnupg');
        $driver = new $class($this->rc->user->get_username());
        $entity = $driver->init() ?: $driver->decrypt($armor, $engine->get_passwords());

        return is_string($entity) ? $entity : null;
    }

    /**
     * The test of ids of parts: what is in an attached message doesn't matter.
     */
    private function matters($message)
    {
        return function ($id) use ($message) {
            // the notice in place of an encrypted message has the number of the attachment
            for ($id = (string) $id; $id !== (string) $message->context; $id = substr($id, 0, (int) strrpos($id, '.'))) {
                if ($id === '' || ($message->mime_parts[$id]->mimetype ?? '') == 'message/rfc822') {
                    return false;
                }
            }

            return true;
        };
    }

    /**
     * Is there something in the message that can't be shown here?
     */
    private function is_closed($message)
    {
        $root    = $message->context === null ? ($message->headers->structure ?? null) : ($message->mime_parts[$message->context] ?? null);
        $matters = $this->matters($message);

        foreach ((array) $message->parts as $part) {
            $unknown = mail_seal_message::is_opaque($message->mime_parts[(string) $part->mime_id] ?? $root, $part->realtype ?? '')
                || ($part->type == 'content' && !rcube_utils::mem_check(10 * $part->size));
            if ($unknown && $matters($part->mime_id)) {
                return true;
            }
        }

        // without a structure the editor would be empty, too
        return empty($root) || array_filter(array_keys($this->failures()), $matters)
            || (mail_seal_message::is_opaque($root, $root->real_mimetype ?: $root->mimetype)
                && ($message->context !== null || !$this->engine()->encrypted_parts));
    }

    function message_load($args)
    {
        $message = $args['object'];
        $root    = current($message->mime_parts);

        if (in_array($this->rc->action, ['show', 'preview', 'print'])) {
            $this->shown   = $message;
            $this->keyless = $this->failures('KEYNOTFOUND') && !$this->engine()->encrypted_parts;
        }
        if ($this->rc->action == 'compose' && !empty($this->compose_data()['param']['draft_uid'])) {
            $this->fetch_texts($message);
        }
        if (!$this->engine()->encrypted_parts || !$root || $message->context !== null || $this->is_closed($message)) {
            return;
        }

        $sealed = $this->is_sealed($message);
        if ($sealed) {
            $clips = [$message->folder . ':' . $message->uid => !empty($message->attachments)] + ($_SESSION['mail_seal_clips'] ?? []);
            $_SESSION['mail_seal_clips'] = array_slice($clips, 0, 500, true);
        }

        // what its sender protected is shown, but doesn't go into an answer
        if (($sealed || $this->shown) && is_string($root->headers['subject'] ?? null)
            && preg_match('/;\s*(hp="?cipher|protected-headers="?v1)/i', implode(' ', (array) ($root->headers['content-type'] ?? '')))
        ) {
            // Roundcube's cache may keep the other object
            $message->headers = clone $message->headers;
            $message->headers->set('subject', $root->headers['subject']);
            $message->subject = str_replace("\n", '', $message->headers->get('subject'));
        }
    }

    /*
     * Reading
     */

    function template_object_messagebody($args)
    {
        if ($this->shown) {
            $notice    = html::span('part-notice', $this->rc->gettext('encryptedmessage'));
            $encrypted = array_filter($this->shown->mime_parts, ['mail_seal_message', 'is_encrypted']);
            $why       = html::p('mail-seal-elsewhere', rcube::Q($this->gettext($encrypted ? 'elsewhere' : 'opaque')));
            $sealed    = $this->is_sealed($this->shown);
            $content   = $sealed && $this->keyless ? html::div(['id' => $args['id']], $notice) : $args['content'];

            $args['content'] = ($sealed ? $this->mark() : '') . ($sealed || !$encrypted ? str_replace($notice, $why, $content) : $content);
        }

        return $args;
    }

    private function mark()
    {
        $url  = (string) $this->rc->config->get('mail_seal_help_url');
        $help = html::a(['href' => $url, 'target' => '_blank', 'rel' => 'noopener'], rcube::Q($this->gettext('help')));

        return html::div('mail-seal-mark', rcube::Q($this->gettext('sealed')) . ($url === '' ? '' : " $help"));
    }

    /*
     * Writing
     */

    function message_compose_body($args)
    {
        if ($args['message'] instanceof rcube_message && !empty($args['message']->headers) && empty($_POST['_message'])) {
            $args['body'] = $this->body($args['message'], $args['mode'], $args['body']);
        }
        if ($this->plain) {
            $this->rc->output->set_env('enigma_force_encrypt', false);
        }

        return $args;
    }

    private function body($message, $mode, $body)
    {
        $sealed = $this->is_sealed($message);
        $entity = $sealed ? $this->open($message) : null;
        // What is attached to it doesn't decide. Without the key nothing of it can be in the answer.
        $this->plain = $sealed && ($entity === null ? !$this->engine()->encrypted_parts : !mail_seal_message::entity_holds_encrypted($entity));

        // Roundcube leaves out the attachments of what has armor in its text
        if ($this->is_closed($message) || (!empty($message->pgp_mime) && !empty($message->attachments))) {
            // Mailvelope opens what it has encrypted in the browser
            $mailvelope = !empty($_SESSION['browser_caps']['pgpmime']) && !$sealed && $message->get_multipart_encrypted_part();

            if (in_array($mode, ['draft', 'edit', 'forward']) && !$mailvelope) {
                $this->forget_attachments();
                // an editor without text, which goes on in another window
                return isset($_POST['_message']) ? '' : $this->refuse($message, $mode);
            }

            // enigma quotes the ciphertext
            return $sealed ? mail_seal_message::cut_armor($body) : $body;
        }
        if ($mode == 'draft') {
            $key = $this->draft_key($message->folder, $message->uid);
            // when the page is loaded again, the editor may have less
            $this->rc->session->remove($key);
            if ($this->is_whole($message)) {
                $_SESSION[$key] = [];
            }
        }

        return $body;
    }

    /*
     * Drafts that an editor may replace
     */

    /**
     * The key in the session that says so. Requests at the same time don't overwrite each other's keys.
     */
    private function draft_key($folder, $uid)
    {
        $data   = $this->rc->get_storage()->folder_data($folder);
        $editor = rcube_utils::get_input_string('_id', rcube_utils::INPUT_GPC);

        return 'mail_seal_draft_' . md5(implode(':', [$editor, $folder, $data['UIDVALIDITY'] ?? '', $uid]));
    }

    /**
     * The texts of a draft as the editor gets them: Roundcube would fetch some at each use, and forget that it couldn't.
     */
    private function fetch_texts($message)
    {
        $matters = $this->matters($message);

        foreach ((array) $message->parts as $part) {
            if ($part->type == 'content' && $part->body === null && $part->encoding != 'stream'
                && $matters($part->mime_id) && rcube_utils::mem_check(10 * $part->size)
            ) {
                $part->body = $this->rc->get_storage()->get_message_part($message->uid, $part->mime_id, $part, null, null, true, 0, false);
            }
        }
    }

    /**
     * Has the server given all of the draft, and is it in the editor? What isn't is missing there without a word.
     */
    private function is_whole($message)
    {
        $data    = $this->compose_data();
        $files   = $data['attachments'] ?? [];
        $matters = $this->matters($message);

        foreach ((array) $message->parts as $part) {
            // an empty line is an empty text
            if ($part->type == 'content' && $part->size > 2 && $matters($part->mime_id) && (string) $message->get_part_body($part->mime_id) === '') {
                return false;
            }
        }

        // a file may have been empty before
        $was = array_filter($message->attachments, function ($part) { return $part->size <= 2; });
        $are = array_filter($files, function ($file) { return empty($file['size']); });

        // If the connection broke, what came before may be cut off.
        return empty($data['param']['body']) && count($are) <= count($was) && !$this->lost_files()
            && count(array_diff_key($files, $this->before['attachments'] ?? [])) >= $this->attached
            && (string) $this->rc->get_storage()->get_raw_headers($message->uid) !== '';
    }

    /**
     * Attachments whose files are gone, or not whole
     */
    private function lost_files()
    {
        return array_filter($this->compose_data()['attachments'] ?? [], function ($file) {
            return !empty($file['path']) && @filesize($file['path']) !== (int) $file['size'];
        });
    }

    /**
     * A draft that this editor has neither shown nor saved isn't replaced, nor is one with files that
     * it has lost since: there is one more then.
     */
    function message_ready()
    {
        $uid = rcube_utils::get_input_string('_draft_saveid', rcube_utils::INPUT_POST);

        // not what was encrypted in the browser
        if ($uid !== '' && !isset($_POST['_pgpmime'])) {
            $this->replaced = $this->draft_key($this->rc->config->get('drafts_mbox'), $uid);
            $lost = array_diff_key($this->lost_files(), $_SESSION[$this->replaced] ?? []);

            if ($lost) {
                $this->rc->output->show_message('mail_seal.lostfiles', 'warning', null, true, 15);
            }
            if ($lost || !isset($_SESSION[$this->replaced])) {
                $_POST['_draft_saveid'] = $this->replaced = '';
            }
        }
    }

    function message_draftsaved($args)
    {
        $_SESSION[$this->draft_key($args['folder'], $args['uid'])] = $this->lost_files();
        $this->forget_draft();
    }

    private function forget_draft()
    {
        // without a key the whole session would be removed
        if ($this->replaced !== '') {
            $this->rc->session->remove($this->replaced);
        }
    }

    /*
     * What can't be written here
     */

    /**
     * With a password the attachments are no longer these. Another tab may have the editor.
     */
    private function forget_attachments()
    {
        $data =& $this->compose_data();

        foreach (array_diff_key($data['attachments'] ?? [], $this->before['attachments'] ?? []) as $id => $attachment) {
            $this->api->exec_hook('attachment_delete', $attachment);
            unset($data['attachments'][$id]);
        }
        $data['forward_attachments'] = !empty($this->before['forward_attachments']);
        $this->rc->output->set_env('pgp_mime_message', null);
    }

    /**
     * A page instead of an editor, with enigma's question if it has no password yet
     */
    private function refuse($message, $mode)
    {
        $output = $this->rc->output;

        foreach ($this->failures('BADPASS') as $status) {
            $this->api->get_plugin('enigma')->load_ui();
            $this->api->get_plugin('enigma')->ui->password_prompt($status, ['compose-init' => true]);
        }

        $parts     = array_merge([$message->headers->structure ?? null], array_values($message->mime_parts));
        $encrypted = !empty($message->pgp_mime) || $this->failures() || array_filter($parts, ['mail_seal_message', 'is_encrypted']);

        $output->set_env('action', 'plugin.mail_seal');
        $output->set_env('mail_seal_refused', $encrypted ? $mode : 'other');
        $output->set_env('mail_seal_back', $this->rc->url(['action' => 'show', 'mbox' => $message->folder, 'uid' => $message->uid]));
        $output->send('mail_seal.refused');
    }

    /**
     * A message that is attached: nobody but the owner can open what is sealed.
     */
    function attachment_save($args)
    {
        $this->attached++;

        if (($args['mimetype'] ?? '') != 'message/rfc822') {
            return;
        }
        if (!$this->engine() instanceof enigma_engine || !rcube_utils::mem_check(10 * ($args['size'] ?? 0))) {
            $this->plain = false;

            return $this->attachment_upload($args);
        }

        $raw    = (string) ($args['data'] ?? (empty($args['path']) ? '' : file_get_contents($args['path'])));
        $entity = mail_seal_message::has_mark($raw) ? $this->open($raw) : null;

        $this->plain = ($this->plain ?? true) && !mail_seal_message::entity_holds_encrypted($entity ?? $raw);

        if ($entity === null) {
            return $this->attachment_upload($args);
        }
        // Roundcube's own file; another plugin's isn't ours
        if (!empty($args['path']) && dirname($args['path']) == dirname(rcube_utils::temp_filename('any', true, false))) {
            unlink($args['path']);
        }

        $data = mail_seal_message::opened($raw, $entity);

        return ['data' => $data, 'path' => null, 'size' => strlen($data)] + $args;
    }

    function attachment_upload($args)
    {
        // without the whole of a large one
        $start = isset($args['data']) ? substr($args['data'], 0, 65536)
            : (empty($args['path']) ? '' : file_get_contents($args['path'], false, null, 0, 65536));

        if (!$this->warned && mail_seal_message::has_mark((string) $start)) {
            $this->rc->output->show_message('mail_seal.cannotopen', 'warning', null, true, 15);
            $this->warned = true;
        }
    }

    /*
     * Sent, and the server refuses the copy: the browser gets it.
     */

    function message_sent($args)
    {
        $this->unsaved = $args['message'];
        // Roundcube would delete it before it knows
        $this->draft = rcube_utils::get_input_string('_draft_saveid', rcube_utils::INPUT_POST);
        $_POST['_draft_saveid'] = '';
    }

    // follows if it was stored, or shall not be
    function attachments_cleanup()
    {
        $this->unsaved = null;
        $this->forget_draft();
        if ($this->draft !== '') {
            $this->rc->get_storage()->delete_message($this->draft, $this->rc->config->get('drafts_mbox'));
        }
    }

    function send_page($args)
    {
        if ($this->unsaved && $this->rc->action == 'send') {
            $size    = array_sum(array_column($this->compose_data()['attachments'] ?? [], 'size'));
            $message = rcube_utils::mem_check(10 * $size) ? $this->unsaved->getMessage() : '';
            $message = is_string($message) ? base64_encode($message) : '';
            $args['content'] .= html::script([], "parent.rcmail.mail_seal_unsaved('$message');");
        }

        return $args;
    }
}
