// OpenPGP.js as a program: reads a JSON request from standard input and writes
// the answer as JSON to standard output. Run it where node_modules is.
//
//   {"open": [ARMOR...], "key": SECRET KEY}  ->  {"data": [BASE64...]}
//   {"generate": OPTIONS of generateKey}     ->  {"key": SECRET KEY, "certificate": ARMOR}

const { readFileSync } = require('fs');
const { createRequire } = require('module');
const openpgp = createRequire(process.cwd() + '/')('openpgp');

async function open({ open, key }) {
  const decryptionKeys = await openpgp.readPrivateKey({ armoredKey: key });
  const opened = open.map(async armoredMessage => {
    const message = await openpgp.readMessage({ armoredMessage });
    const { data } = await openpgp.decrypt({ message, decryptionKeys, format: 'binary' });
    return Buffer.from(data).toString('base64');
  });
  return { data: await Promise.all(opened) };
}

async function generate({ generate }) {
  const made = await openpgp.generateKey({ format: 'armored', ...generate });
  return { key: made.privateKey, certificate: made.publicKey };
}

const request = JSON.parse(readFileSync(0, 'utf8'));
(request.open ? open : generate)(request).then(
  answer => console.log(JSON.stringify(answer)),
  error => {
    console.error(error.message);
    process.exitCode = 1;
  });
