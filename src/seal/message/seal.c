/* Copyright (c) 2026 the mail_seal authors, see the included COPYING file */

/* A message's way through here:

     push -> held, while detect.c isn't sure whether it is encrypted already
               | encrypted                | plain
               v                          v
             pull as it was          sealing.c
                                          |
                                          v
                                        pull */

#include "seal.h"
#include "../certificate/key-file.h"
#include "../detect/detect.h"
#include "../text/line-reader.h"
#include "sealing.h"

#include <gmime/gmime.h>

/* What is held back of a message stays in memory up to this, bytes. */
#define HOLD_MEMORY_MAX (256*1024)
/* The most that the detector may have taken without having looked at it: a
   line, and one more in a transfer encoding. Bytes. */
#define HOLD_TAIL_MIN (4*LINE_READER_MAX)
/* How much held plaintext one pull works off, bytes. Each step down the line
   has a buffer for as much. */
#define REPLAY_STEP 8192

enum seal_state {
	/* it isn't known yet whether the message is encrypted already */
	SEAL_STATE_DETECTING,
	/* it is: it comes out of the hold as it went in */
	SEAL_STATE_PASSING,
	/* it isn't: what was held goes the way of new input */
	SEAL_STATE_REPLAYING,
	SEAL_STATE_SEALING,
	SEAL_STATE_COMPLETE,
	SEAL_STATE_FAILED
};

struct seal {
	enum seal_state state;
	bool input_complete;
	struct seal_error error;

	struct seal_detector *detector;
	/* The message so far. Its last bytes aren't fully checked yet by the
	   detector and might be plaintext, so they stay in memory. */
	struct seal_queue *hold, *hold_tail;

	struct sealing *sealing;
};

void seal_library_init(void)
{
	static bool initialized = false;

	if (!initialized)
		g_mime_init();
	initialized = true;
}

struct seal *seal_new(const struct seal_params *params)
{
	struct seal *seal = g_new0(struct seal, 1);

	seal_library_init();
	seal->detector = seal_detector_new();
	seal->hold = seal_queue_new(HOLD_MEMORY_MAX, params->spool_open,
				    params->spool_context);
	seal->hold_tail = seal_queue_new(0, NULL, NULL);
	seal->sealing = sealing_new(params);
	return seal;
}

void seal_free(struct seal **_seal)
{
	struct seal *seal = *_seal;

	if (seal == NULL)
		return;
	*_seal = NULL;
	sealing_free(&seal->sealing);
	seal_detector_free(&seal->detector);
	seal_queue_free(&seal->hold);
	seal_queue_free(&seal->hold_tail);
	g_free(seal);
}

bool seal_is_complete(const struct seal *seal)
{
	return seal->state == SEAL_STATE_COMPLETE &&
		sealing_is_empty(seal->sealing);
}

bool seal_is_sealing(const struct seal *seal)
{
	return sealing_has_begun(seal->sealing);
}

const char *seal_engine_name(const struct seal *seal)
{
	return sealing_engine_name(seal->sealing);
}

static int seal_failed(struct seal *seal, struct seal_error *error)
{
	seal->state = SEAL_STATE_FAILED;
	sealing_stop(seal->sealing);
	*error = seal->error;
	return -1;
}

/*
 * Input
 */

static int seal_detect(struct seal *seal, const void *data, size_t size)
{
	enum seal_verdict verdict =
		seal_detector_push(seal->detector, data, size);

	if (seal_queue_append(seal->hold_tail, data, size, &seal->error) < 0)
		return -1;
	if (verdict == SEAL_VERDICT_OPEN) {
		return seal_queue_move(seal->hold_tail, HOLD_TAIL_MIN,
				       seal->hold, &seal->error);
	}
	seal->state = SEAL_STATE_REPLAYING;
	return sealing_start(seal->sealing, &seal->error);
}

int seal_push(struct seal *seal, const void *data, size_t size,
	      struct seal_error *error)
{
	switch (seal->state) {
	case SEAL_STATE_DETECTING:
		(void)seal_detect(seal, data, size);
		break;
	case SEAL_STATE_SEALING:
		(void)sealing_push(seal->sealing, data, size, &seal->error);
		break;
	default:
		seal_error_set(&seal->error, SEAL_ERROR_ENGINE,
			       "more input than can be taken");
		break;
	}
	return seal->error.code == SEAL_ERROR_NONE ? 0 :
		seal_failed(seal, error);
}

void seal_finish(struct seal *seal)
{
	seal->input_complete = true;
	if (seal->state != SEAL_STATE_DETECTING)
		return;
	if (seal_detector_finish(seal->detector) == SEAL_VERDICT_ENCRYPTED)
		seal->state = SEAL_STATE_PASSING;
	else {
		seal->state = SEAL_STATE_REPLAYING;
		(void)sealing_start(seal->sealing, &seal->error);
	}
}

/*
 * Pulling
 */

static ssize_t seal_take_held(struct seal *seal, void *data, size_t size)
{
	ssize_t ret = seal_queue_take(seal->hold, data, size, &seal->error);

	return ret != 0 ? ret :
		seal_queue_take(seal->hold_tail, data, size, &seal->error);
}

static void seal_replay(struct seal *seal)
{
	char buffer[REPLAY_STEP];
	ssize_t ret = seal_take_held(seal, buffer, sizeof(buffer));

	if (ret > 0)
		(void)sealing_push(seal->sealing, buffer, ret, &seal->error);
	else if (ret == 0)
		seal->state = SEAL_STATE_SEALING;
}

/* Does the next step towards more output. Returns false if there is none. */
static bool seal_step(struct seal *seal)
{
	switch (seal->state) {
	case SEAL_STATE_REPLAYING:
		seal_replay(seal);
		return true;
	case SEAL_STATE_SEALING:
		if (!seal->input_complete)
			return false;
		if (sealing_finish(seal->sealing, &seal->error) == 0)
			seal->state = SEAL_STATE_COMPLETE;
		return true;
	case SEAL_STATE_DETECTING:
	case SEAL_STATE_PASSING:
	case SEAL_STATE_COMPLETE:
	case SEAL_STATE_FAILED:
		break;
	}
	return false;
}

ssize_t seal_pull(struct seal *seal, void *data, size_t size,
		  struct seal_error *error)
{
	ssize_t ret = 0;

	do {
		if (seal->error.code != SEAL_ERROR_NONE)
			return seal_failed(seal, error);
		ret = seal->state == SEAL_STATE_PASSING ?
			seal_take_held(seal, data, size) :
			sealing_pull(seal->sealing, data, size, &seal->error);
	} while (ret == 0 && seal_step(seal));

	if (ret < 0)
		return seal_failed(seal, error);
	if (ret == 0 && seal->state == SEAL_STATE_PASSING)
		seal->state = SEAL_STATE_COMPLETE;
	return ret;
}

void seal_deinit(void)
{
	certificates_deinit();
}
