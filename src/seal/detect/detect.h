/* Copyright (c) 2026 the mail_seal authors, see the included COPYING file */
#ifndef DETECT_H
#define DETECT_H

#include <stddef.h>

/* Tells whether a message is encrypted already, so that sealing it again
   would only hide it from its owner's mail client.

   What a message claims doesn't count, only what it is: a container is
   encrypted when all of its content is one OpenPGP or CMS message that has a
   session key and encrypted content from its first byte to its last, and
   nothing readable stands beside it. How it is written doesn't matter, as long
   as readers understand it. Where this can't be seen, the message is plain.

   Memory doesn't grow with the message, and the time it takes is a few
   nanoseconds for each byte, whatever the message is. Most messages are known
   to be plain at their Content-Type or their first line. */

enum seal_verdict {
	/* could be either; all that was pushed fits an encrypted message, and
	   of its body nothing is readable text */
	SEAL_VERDICT_OPEN,
	SEAL_VERDICT_PLAIN,
	SEAL_VERDICT_ENCRYPTED
};

struct seal_detector;

struct seal_detector *seal_detector_new(void);
void seal_detector_free(struct seal_detector **detector);

/* Takes the next bytes of the message. Returns OPEN or PLAIN; once PLAIN it
   stays so and needs no more. */
enum seal_verdict
seal_detector_push(struct seal_detector *detector, const char *data,
		   size_t size);
/* The message is complete. Returns PLAIN or ENCRYPTED. */
enum seal_verdict seal_detector_finish(struct seal_detector *detector);

#endif
