/* Copyright (c) 2026 the mail_seal authors, see the included COPYING file */
#ifndef DETECT_DATA_H
#define DETECT_DATA_H

/* Base64 of OpenPGP and CMS messages, for detect-cases.h. Where text is in
   them it is a letter of 91 characters. What is right of them is random. */

#define TEXT_AS_SESSION_KEY \
	"wV0DRGVhciBCb2IsIHRoZSBtZWV0aW5nIGlzIGF0IHRlbiBpbiByb29tIGZvdXIs\n" \
	"IGFuZCB0aGUgY29kZSBvZiB0aGUgZG9vciBpcyAxMjM0LiBZb3VycywgQWxpY2XS\n" \
	"BQERIjNE\n"
#define TEXT_AS_PASSWORD_KEY \
	"w10ERGVhciBCb2IsIHRoZSBtZWV0aW5nIGlzIGF0IHRlbiBpbiByb29tIGZvdXIs\n" \
	"IGFuZCB0aGUgY29kZSBvZiB0aGUgZG9vciBpcyAxMjM0LiBZb3VycywgQWxpY2XS\n" \
	"BQERIjNE\n"
#define TEXT_AS_CONTAINER \
	"wQMDqrvSXQFEZWFyIEJvYiwgdGhlIG1lZXRpbmcgaXMgYXQgdGVuIGluIHJvb20g\n" \
	"Zm91ciwgYW5kIHRoZSBjb2RlIG9mIHRoZSBkb29yIGlzIDEyMzQuIFlvdXJzLCBB\n" \
	"bGljZQ==\n"
#define TEXT_AS_PADDING \
	"1VxEZWFyIEJvYiwgdGhlIG1lZXRpbmcgaXMgYXQgdGVuIGluIHJvb20gZm91ciwg\n" \
	"YW5kIHRoZSBjb2RlIG9mIHRoZSBkb29yIGlzIDEyMzQuIFlvdXJzLCBBbGljZcED\n" \
	"A6q70gUBESIzRA==\n"
#define PADDING \
	"1UB5Qr3yIQbwhHdi8PPLTXZNxwcgURWaD4nyxtrK40S7MRJF/W+E35rXxbPQdqwO\n" \
	"j1OnNWyIkT8g9vctsCLSTQqWwQMDqrvSBQERIjNE\n"
#define TEXT_AS_MARKER \
	"ygNhYmPBAwOqu9IFAREiM0Q=\n"
#define PRIVATE_FIRST \
	"/FxEZWFyIEJvYiwgdGhlIG1lZXRpbmcgaXMgYXQgdGVuIGluIHJvb20gZm91ciwg\n" \
	"YW5kIHRoZSBjb2RlIG9mIHRoZSBkb29yIGlzIDEyMzQuIFlvdXJzLCBBbGljZcED\n" \
	"A6q70gUBESIzRA==\n"
#define PRIVATE_LAST \
	"wQMDqrvSBQERIjNE/FxEZWFyIEJvYiwgdGhlIG1lZXRpbmcgaXMgYXQgdGVuIGlu\n" \
	"IHJvb20gZm91ciwgYW5kIHRoZSBjb2RlIG9mIHRoZSBkb29yIGlzIDEyMzQuIFlv\n" \
	"dXJzLCBBbGljZQ==\n"
#define PADDING_LAST \
	"wQMDqrvSBQERIjNE1VxEZWFyIEJvYiwgdGhlIG1lZXRpbmcgaXMgYXQgdGVuIGlu\n" \
	"IHJvb20gZm91ciwgYW5kIHRoZSBjb2RlIG9mIHRoZSBkb29yIGlzIDEyMzQuIFlv\n" \
	"dXJzLCBBbGljZQ==\n"
#define LONG_PASSWORD_KEY \
	"w6EE2tQ8FhfBqY54Ep4DJzcQZdCVhk8VraC4RsHA68U0itx5mt+Em60F1KEKwEQe\n" \
	"qu60tI76Cx8KvYDpmKNaul6gvYeZwTUNQ55xiXqnX94xNKSqcuBWKKxv5opzPRFh\n" \
	"oV2OriuwQteViu2x1ZTW0RLTT2YC9N5xEOmTrnQikj19FxFl3BkG9j1XmXoK0xs6\n" \
	"rkCB9B+0cWU+PVd6jEED+cwZitIFAREiM0Q=\n"
#define EMPTY_CONTAINER \
	"wQMDqrvSAA==\n"
#define SESSION_KEY_OF_VERSION_9 \
	"wQMJYWLSBQERIjNE\n"
#define VERSION_6 \
	"wVEGf4nYGvKlABxAFz8ZI/cQLPqhUKEks8XHm7iHYajbP0EBwihbFb/rwhbcG77+\n" \
	"odfW6wl9b4ok2XLaQg6mv4Y+7T/AN6M0AvJJeMcWLzLAWwzSUQKuPg069pGZLRJ6\n" \
	"NjMfplwne1x/6MmBvMuz1irAeNNS1PdPzUxTMf734l9FiGVLoXaX04hvnQuJ9cNm\n" \
	"WLh6pPdJ1vVp7w72JcwX73V4I2+Cew==\n"
#define TWO_KEYS \
	"wV4DYYRGXxKCVhegXdguKzwvh5UStuesAw+rqd/C+Cdr+shAoz2MJ9054IAxv7zm\n" \
	"l4c2rTr8tB6WXUxbveg/N0ip15lf6vafWiM2XMi3M4iKxBtFFfWKfrWqzuUjtP45\n" \
	"ww0ECQMITYozOTleYNXI0lsBQUrLY1dbZ4C9lg/j0MShnv6Z9w9hATd3+1jrZWNs\n" \
	"EuM5kU5F7y0ZDbh3J/8JraWosEQpESivaSBm33H4oTcV0SdmUsj+8iLYavqbC+3q\n" \
	"zeBc6RODu73luc1y\n"
#define PARTIAL \
	"wQMDqrvS4wEBa4S9Setj4lFrC1cDzlYO\n"
#define CMS_FOR_ONE \
	"MIH1BgkqhkiG9w0BBwOggecwgeQCAQAxgYAwfgIBADAoMBwxGjAYBgNVBAMMEUNB\n" \
	"IG9mIHRoZSBleGFtcGxlAggUy/wNcHswxzANBgkqhkiG9w0BAQEFAARA8mFUqjux\n" \
	"PxqUjO6Z+n+ID6ywoi8d3i0BNQ8uCVcS9htgqWb0rvWzEcOcySyWXtM6x6vOWcW3\n" \
	"XrnU4HXj9rCJVjBcBgkqhkiG9w0BBwEwHQYJYIZIAWUDBAEqBBBHOFbi+14eC87l\n" \
	"otAQGnrOgDDG+RVOVwvvLzGjeRwY5u6qvQAkY8w1rZ845ilrexhOSQU5dZNqcNaj\n" \
	"YO9aKBU5DDM=\n"
#define CMS_CONSTRUCTED \
	"MIH5BgkqhkiG9w0BBwOggeswgegCAQAxgYAwfgIBADAoMBwxGjAYBgNVBAMMEUNB\n" \
	"IG9mIHRoZSBleGFtcGxlAghh0ffQ8BGVCTANBgkqhkiG9w0BAQEFAARAXjEOTZYf\n" \
	"8RRjao373ROw72STSTTjmdLjJ2lO+ZHAvlLcn+3ycbiTkg/tv7eYfAUHQ0wKVBkA\n" \
	"aO61uRH6XnoGjTBgBgkqhkiG9w0BBwEwHQYJYIZIAWUDBAEqBBBHOFbi+14eC87l\n" \
	"otAQGnrOoDQEEGaCKzfuzHI3+LHO5DiV48IEIGk7A+2ZJ66xYvgkutgibX+zH6t4\n" \
	"3OArgG+lVGlv7da8\n"
#define CMS_WITH_TIME \
	"MIIBFwYJKoZIhvcNAQcDoIIBCDCCAQQCAQAxgYAwfgIBADAoMBwxGjAYBgNVBAMM\n" \
	"EUNBIG9mIHRoZSBleGFtcGxlAgjdrRow5p+GfjANBgkqhkiG9w0BAQEFAARA/9aF\n" \
	"rRYP2xNUfkXTrESPCFYXCPge6+/UvVeWXSVHNNC04+iOgueQT6FHE9L4duqLD6I7\n" \
	"+UCPiTTeJr4R+eVjnzBcBgkqhkiG9w0BBwEwHQYJYIZIAWUDBAEqBBBHOFbi+14e\n" \
	"C87lotAQGnrOgDCxXMTLoRmKbROiosiQEkPVgNMo/XVmKDo/ApAj3In37ImUGFl4\n" \
	"+VZJTFvvywRIyBuhHjAcBgkqhkiG9w0BCQUxDxcNMjYxMTAyMTAwMDAwWg==\n"
#define CMS_WITHOUT_CONTENT \
	"MIHDBgkqhkiG9w0BBwOggbUwgbICAQAxgYAwfgIBADAoMBwxGjAYBgNVBAMMEUNB\n" \
	"IG9mIHRoZSBleGFtcGxlAghcWp9hQksYTTANBgkqhkiG9w0BAQEFAARAbcM23cdd\n" \
	"DY81QzpKl0DEtCdiA71I9H0gtfg1oPIKsOLQ7ZziTOnEZpdbmVWiiGdCGx3RWzoH\n" \
	"UD7Ov4wv7eGmSjAqBgkqhkiG9w0BBwEwHQYJYIZIAWUDBAEqBBBHOFbi+14eC87l\n" \
	"otAQGnrO\n"
#define CMS_OF_EMPTY_CONTENT \
	"MIHFBgkqhkiG9w0BBwOggbcwgbQCAQAxgYAwfgIBADAoMBwxGjAYBgNVBAMMEUNB\n" \
	"IG9mIHRoZSBleGFtcGxlAghvpem/orewrjANBgkqhkiG9w0BAQEFAARAkpiKXT9x\n" \
	"rn+Q3ojnQvSrWuIaI9XZlR55w8RsJrttHPw83Me5Bpm+vczgvjX9SqVwAL0gAEcp\n" \
	"a6TekGQPDqDjujAsBgkqhkiG9w0BBwEwHQYJYIZIAWUDBAEqBBBHOFbi+14eC87l\n" \
	"otAQGnrOgAA=\n"
#define CMS_TEXT_AS_CONTENT \
	"MIIBJAYJKoZIhvcNAQcDoIIBFTCCARECAQAxgYAwfgIBADAoMBwxGjAYBgNVBAMM\n" \
	"EUNBIG9mIHRoZSBleGFtcGxlAght4a09wXPzRzANBgkqhkiG9w0BAQEFAARAnZJh\n" \
	"PFgr3A6zwwP6XvKMR8do3ZjfkjEqIOKkIQSm9dgwqdZzpWfILRoNeitcdvDKkbDp\n" \
	"dGeYr0S6taFo5B7dnzCBiAYJKoZIhvcNAQcBMB0GCWCGSAFlAwQBKgQQRzhW4vte\n" \
	"HgvO5aLQEBp6zoBcRGVhciBCb2IsIHRoZSBtZWV0aW5nIGlzIGF0IHRlbiBpbiBy\n" \
	"b29tIGZvdXIsIGFuZCB0aGUgY29kZSBvZiB0aGUgZG9vciBpcyAxMjM0LiBZb3Vy\n" \
	"cywgQWxpY2U=\n"
#define CMS_TEXT_IN_UNPROTECTED \
	"MIIBFwYJKoZIhvcNAQcDoIIBCDCCAQQCAQAxgYAwfgIBADAoMBwxGjAYBgNVBAMM\n" \
	"EUNBIG9mIHRoZSBleGFtcGxlAghj/G5eNek9yzANBgkqhkiG9w0BAQEFAARAbKFf\n" \
	"E6f/fsQdec27x3JakYCwhhuuOGpwm+JYVn33a266dlnJ2Vqa4r8cKOr6CVqJ1v1x\n" \
	"x/ixz/dbOtatSaQ3sjBcBgkqhkiG9w0BBwEwHQYJYIZIAWUDBAEqBBBHOFbi+14e\n" \
	"C87lotAQGnrOgDBLmPRN5L/8FbFnL5uTpdKVBdiz2PW9XH+XYMU4pVKj+FjJ7mTR\n" \
	"uzYc9mdUVT0zPMahHjAcBgkqhkiG9w0BCQUxDwwNdGhlIHBsYWludGV4dA==\n"
#define CMS_OCTETS_IN_UNPROTECTED \
	"MIIBFwYJKoZIhvcNAQcDoIIBCDCCAQQCAQAxgYAwfgIBADAoMBwxGjAYBgNVBAMM\n" \
	"EUNBIG9mIHRoZSBleGFtcGxlAgihy4wh9Y2gdTANBgkqhkiG9w0BAQEFAARAhTxs\n" \
	"OPS+3kuGvV+HZnJ+hLGvNjJFKnPqqjqnSFQV+4lEvuHb2tyDl4vGThcQV9wAbENq\n" \
	"voMWt2c8UW8l+NuTTDBcBgkqhkiG9w0BBwEwHQYJYIZIAWUDBAEqBBBHOFbi+14e\n" \
	"C87lotAQGnrOgDA7rFKERiwoRjADKsjp4oZaASOQ1FcDEKynuTQWbMYF46dy4ed5\n" \
	"ArBudVDUyDHKoTqhHjAcBgkqhkiG9w0BCQUxDwQNdGhlIHBsYWludGV4dA==\n"
#define CMS_TEXT_IN_UNAUTHENTICATED \
	"MIIBegYLKoZIhvcNAQkQARegggFpMIIBZQIBADGBgDB+AgEAMCgwHDEaMBgGA1UE\n" \
	"AwwRQ0Egb2YgdGhlIGV4YW1wbGUCCFvnM5FL4ECdMA0GCSqGSIb3DQEBAQUABEBW\n" \
	"c7uXPiX/IvV+1AoFC/ICHfUGGLCXnPH7mZxDni3PFjpieSpRyEdUKpoD/SK5/yvX\n" \
	"qsje7q8OpZz2hPKDabcxMFwGCSqGSIb3DQEHATAdBglghkgBZQMEASoEEEc4VuL7\n" \
	"Xh4LzuWi0BAaes6AMIb11/RnrB16GM17xVyjMlvngtzXrsHcFLrJusiLcEZ0ZA/T\n" \
	"Nc309MHdZvLKHVILYwQQfJQxDM8NrXJk6IfDa9qdIKJtMGsGCSqGSIb3DQEJBTFe\n" \
	"DFxEZWFyIEJvYiwgdGhlIG1lZXRpbmcgaXMgYXQgdGVuIGluIHJvb20gZm91ciwg\n" \
	"YW5kIHRoZSBjb2RlIG9mIHRoZSBkb29yIGlzIDEyMzQuIFlvdXJzLCBBbGljZQ==\n"
#define CMS_TEXT_AS_MAC \
	"MIIBVwYLKoZIhvcNAQkQARegggFGMIIBQgIBADGBgDB+AgEAMCgwHDEaMBgGA1UE\n" \
	"AwwRQ0Egb2YgdGhlIGV4YW1wbGUCCDFGyjs+NW2WMA0GCSqGSIb3DQEBAQUABEBB\n" \
	"2N5KUG7Y/qHiDoIJr6LFbT6QZStpx3xxqnUvqptuassAmHpKjiSAsGiUT7BuZjvo\n" \
	"2oAcyoeTZuZon7ItNtfMMFwGCSqGSIb3DQEHATAdBglghkgBZQMEASoEEEc4VuL7\n" \
	"Xh4LzuWi0BAaes6AMLB5gD8+DFijsFZypxg6oiLQq5QK+eLgVvcAPVe99Y7DZevA\n" \
	"8rm7Baj1/ecF8SWcXwRcRGVhciBCb2IsIHRoZSBtZWV0aW5nIGlzIGF0IHRlbiBp\n" \
	"biByb29tIGZvdXIsIGFuZCB0aGUgY29kZSBvZiB0aGUgZG9vciBpcyAxMjM0LiBZ\n" \
	"b3VycywgQWxpY2U=\n"
#define CMS_TEXT_IN_ORIGINATOR \
	"MIIBWwYJKoZIhvcNAQcDoIIBTDCCAUgCAQCgYqBgMF4MXERlYXIgQm9iLCB0aGUg\n" \
	"bWVldGluZyBpcyBhdCB0ZW4gaW4gcm9vbSBmb3VyLCBhbmQgdGhlIGNvZGUgb2Yg\n" \
	"dGhlIGRvb3IgaXMgMTIzNC4gWW91cnMsIEFsaWNlMYGAMH4CAQAwKDAcMRowGAYD\n" \
	"VQQDDBFDQSBvZiB0aGUgZXhhbXBsZQIIdzpYWYWgKLkwDQYJKoZIhvcNAQEBBQAE\n" \
	"QAJxqgcbwlQ257L4BOveKTcuK2c1jyqqDmsZ4RM/bafjm6QHYgdv3kGy49LxRZuQ\n" \
	"J3dUquDHe6KVrLBXl74lXsUwXAYJKoZIhvcNAQcBMB0GCWCGSAFlAwQBKgQQRzhW\n" \
	"4vteHgvO5aLQEBp6zoAwm+nP3G4zswO64RzqgP37YpgsJfjiylRnhkSGAFtmeeg8\n" \
	"lLxiMwCm4Zr6FqOWW+v+\n"
#define CMS_TEXT_AS_CRL \
	"MIIBWwYJKoZIhvcNAQcDoIIBTDCCAUgCAQCgYqFgMF4EXERlYXIgQm9iLCB0aGUg\n" \
	"bWVldGluZyBpcyBhdCB0ZW4gaW4gcm9vbSBmb3VyLCBhbmQgdGhlIGNvZGUgb2Yg\n" \
	"dGhlIGRvb3IgaXMgMTIzNC4gWW91cnMsIEFsaWNlMYGAMH4CAQAwKDAcMRowGAYD\n" \
	"VQQDDBFDQSBvZiB0aGUgZXhhbXBsZQIIn/OveyBnErowDQYJKoZIhvcNAQEBBQAE\n" \
	"QCWxA1sT8lCnMFe6evMfBXWjSJJ/srLATOjbzx3tzgspiNacuj8EXDDQFsrYfyfe\n" \
	"FYe8Xtuy0wp3tnfEvbWTUXQwXAYJKoZIhvcNAQcBMB0GCWCGSAFlAwQBKgQQRzhW\n" \
	"4vteHgvO5aLQEBp6zoAwugB9UPiGY0by4lTPgsPIL2nBNmu5toSbwd5OsCaSpI5j\n" \
	"Ysttbne/huV+PDgJ0xCf\n"
#define CMS_TEXT_AS_RECIPIENT \
	"MIIBXAYJKoZIhvcNAQcDoIIBTTCCAUkCAQAxgeUwfgIBADAoMBwxGjAYBgNVBAMM\n" \
	"EUNBIG9mIHRoZSBleGFtcGxlAgiftkBDg1jyxTANBgkqhkiG9w0BAQEFAARAhXpS\n" \
	"9SpjtQb5HtfdO8ih0pq1zSftYySB4DqHIniyjn6l0BkmAEtkczZmtVYsVsrpCzWl\n" \
	"asPUcTcXLSKbZF3jXqRjBgMqAwQMXERlYXIgQm9iLCB0aGUgbWVldGluZyBpcyBh\n" \
	"dCB0ZW4gaW4gcm9vbSBmb3VyLCBhbmQgdGhlIGNvZGUgb2YgdGhlIGRvb3IgaXMg\n" \
	"MTIzNC4gWW91cnMsIEFsaWNlMFwGCSqGSIb3DQEHATAdBglghkgBZQMEASoEEEc4\n" \
	"VuL7Xh4LzuWi0BAaes6AMCyzJfhOSHlz+I7PH3aZtSNYUQ3lOHk3WEShbNkMli3g\n" \
	"f+t5Pc9Sc4gyQO/RDcU6eA==\n"
#define CMS_OCTETS_AS_RECIPIENT \
	"MIIBFwYJKoZIhvcNAQcDoIIBCDCCAQQCAQAxgaAwfgIBADAoMBwxGjAYBgNVBAMM\n" \
	"EUNBIG9mIHRoZSBleGFtcGxlAgjWVC0n8g9ZeTANBgkqhkiG9w0BAQEFAARAparw\n" \
	"65UnN7cfCrehEiJbhD0NkPAD18QZgK9PtGgipJnCT8eDKm36LsecJKF+Y3HJ7ZRJ\n" \
	"TgF7WOi+1Mvgms/Cm6QeBgMqAwQEF3RoZSBwbGFpbnRleHQgb2YgaXQgYWxsMFwG\n" \
	"CSqGSIb3DQEHATAdBglghkgBZQMEASoEEEc4VuL7Xh4LzuWi0BAaes6AMCihNijF\n" \
	"2IXtmDF26PdTN8L9bOCYCpOVJUZgFRX00sbA3AdOAsDS5jV9Wlq/ObSxDA==\n"
#define CMS_TEXT_IN_KEK \
	"MIHUBgkqhkiG9w0BBwOggcYwgcMCAQAxYKJeAgEEMCAECJ65GY77qAFoMBQGAyoD\n" \
	"BBMNdGhlIHBsYWludGV4dDAdBglghkgBZQMEASoEEEc4VuL7Xh4LzuWi0BAaes4E\n" \
	"GMESgQMqf6TzI/TLA8AJmudFzn5O3jAiJTBcBgkqhkiG9w0BBwEwHQYJYIZIAWUD\n" \
	"BAEqBBBHOFbi+14eC87lotAQGnrOgDA7fgl+paDkF9NzJq4583zDWaFXt76qM1vi\n" \
	"K69as3MvQvCb7ZQyyyFiNSV7gKFnWFc=\n"
#define CMS_TEXT_IN_NAME \
	"MIIBcAYJKoZIhvcNAQcDoIIBYTCCAV0CAQAxgfkwgfYCAQAwgZ8wgZIxgY8wgYwG\n" \
	"A1UEAwyBhERlYXIgQm9iLCB0aGUgbWVldGluZyBpcyBhdCB0ZW4gaW4gcm9vbSBm\n" \
	"b3VyLCBhbmQgdGhlIGNvZGUgb2YgdGhlIGRvb3IgaXMgMTIzNC4gWW91cnMsIEFs\n" \
	"aWNlRGVhciBCb2IsIHRoZSBtZWV0aW5nIGlzIGF0IHRlbiBpbiByb29tIAIIOE9k\n" \
	"r6V5JlgwDQYJKoZIhvcNAQEBBQAEQMwFfY+eGL7ovaqbrOEyrWOF93PknGW7NvM7\n" \
	"/l2tTBmqH4wBeJu9hVvjQUyhum6epNkp1Xc/gjdGCPnghKSQapIwXAYJKoZIhvcN\n" \
	"AQcBMB0GCWCGSAFlAwQBKgQQRzhW4vteHgvO5aLQEBp6zoAwzCcIPNotSlLne4uo\n" \
	"2x3JegXAjJCCULQJcShYQG4m1QTi0fJ6L6eEsQ1se+TxC/7s\n"
#define CMS_TEXT_AS_KEY \
	"MIIBFAYJKoZIhvcNAQcDoIIBBTCCAQECAQAxgZ0wgZoCAQAwKDAcMRowGAYDVQQD\n" \
	"DBFDQSBvZiB0aGUgZXhhbXBsZQIIr1WsLLMMgN8wDQYJKoZIhvcNAQEBBQAEXERl\n" \
	"YXIgQm9iLCB0aGUgbWVldGluZyBpcyBhdCB0ZW4gaW4gcm9vbSBmb3VyLCBhbmQg\n" \
	"dGhlIGNvZGUgb2YgdGhlIGRvb3IgaXMgMTIzNC4gWW91cnMsIEFsaWNlMFwGCSqG\n" \
	"SIb3DQEHATAdBglghkgBZQMEASoEEEc4VuL7Xh4LzuWi0BAaes6AMOGgvzIPgkkw\n" \
	"leOW5forj5cat9uNcq9PevNoviAHC/rZkMvAi7zoGtkyXX9NoLIgYg==\n"
#define CMS_TEXT_IN_ALGORITHM \
	"MIIBRAYJKoZIhvcNAQcDoIIBNTCCATECAQAxgYAwfgIBADAoMBwxGjAYBgNVBAMM\n" \
	"EUNBIG9mIHRoZSBleGFtcGxlAgi2le63EINRPTANBgkqhkiG9w0BAQEFAARAGSwY\n" \
	"kb/m7KMCAGie6JvAdqTMt2f9eWFsQiKG6ZhE8T/Xwe+UeRf4LoQmesAL40TFGTn+\n" \
	"8duqEZ89Bou3jH8wtzCBqAYJKoZIhvcNAQcBMGkGCWCGSAFlAwQBKgRcRGVhciBC\n" \
	"b2IsIHRoZSBtZWV0aW5nIGlzIGF0IHRlbiBpbiByb29tIGZvdXIsIGFuZCB0aGUg\n" \
	"Y29kZSBvZiB0aGUgZG9vciBpcyAxMjM0LiBZb3VycywgQWxpY2WAMJHMhLOlbgMJ\n" \
	"5i2hnd03Qz+wOFlCYWDr+Ztqopy0tWO/uUGSjWHWuO3qMikH2+Hn4w==\n"
#define CMS_TEXT_IN_TYPE \
	"MIIBFgYJKoZIhvcNAQcDoIIBBzCCAQMCAQAxgYAwfgIBADAoMBwxGjAYBgNVBAMM\n" \
	"EUNBIG9mIHRoZSBleGFtcGxlAgjyZgC+vRUfrjANBgkqhkiG9w0BAQEFAARAozdq\n" \
	"7mGJpbmy2d/PX8CEyv2XCSXhMzI5v/qDi20x9PaT/AsEYHrZu+RNoZO/ZFWHANIu\n" \
	"JFzHpnPKExSEfBeqNzB7BihEZWFyIEJvYiwgdGhlIG1lZXRpbmcgaXMgYXQgdGVu\n" \
	"IGluIHJvb20gMB0GCWCGSAFlAwQBKgQQRzhW4vteHgvO5aLQEBp6zoAwJPOCJ8Di\n" \
	"LQGepKqgzkaau45/6TlPtX6+K7dpm2BOCyvIOxxp/NWzunnNJtDAZW/F\n"
#define CMS_FOURTH_IN_CONTENT \
	"MIIBVgYJKoZIhvcNAQcDoIIBRzCCAUMCAQAxgYAwfgIBADAoMBwxGjAYBgNVBAMM\n" \
	"EUNBIG9mIHRoZSBleGFtcGxlAgg/VpFYCpb5ZzANBgkqhkiG9w0BAQEFAARAyQrx\n" \
	"ZYToJ+fAl677b747dCotIWndMm56W1afJluQm0znvBgUYLTmrJvAEgyyAczOKllV\n" \
	"SEO6iik0Weh4xjQUjjCBugYJKoZIhvcNAQcBMB0GCWCGSAFlAwQBKgQQRzhW4vte\n" \
	"HgvO5aLQEBp6zoAwJpGsbPE28IonZhRRbsskNA/F4A2M83JKueKn6Yy80MgazOkx\n" \
	"vEELiWdcLIdH93yJDFxEZWFyIEJvYiwgdGhlIG1lZXRpbmcgaXMgYXQgdGVuIGlu\n" \
	"IHJvb20gZm91ciwgYW5kIHRoZSBjb2RlIG9mIHRoZSBkb29yIGlzIDEyMzQuIFlv\n" \
	"dXJzLCBBbGljZQ==\n"

/* A mail of Outlook's without a text */
#define WORD_HTML \
	"<html xmlns:v=\"urn:schemas-microsoft-com:vml\" " \
	"xmlns:o=\"urn:schemas-microsoft-com:office:office\" " \
	"xmlns:w=\"urn:schemas-microsoft-com:office:word\" " \
	"xmlns:m=\"http://schemas.microsoft.com/office/2004/12/omml\" " \
	"xmlns=\"http://www.w3.org/TR/REC-html40\">\n" \
	"<head>\n" \
	"<meta http-equiv=\"Content-Type\" content=\"text/html; " \
	"charset=us-ascii\">\n" \
	"<meta name=\"Generator\" content=\"Microsoft Word 15 " \
	"(filtered medium)\">\n" \
	"<style><!--\n" \
	"/* Font Definitions */\n" \
	"@font-face\n" \
	"\t{font-family:\"Cambria Math\";\n" \
	"\tpanose-1:2 4 5 3 5 4 6 3 2 4;}\n" \
	"@font-face\n" \
	"\t{font-family:Calibri;\n" \
	"\tpanose-1:2 15 5 2 2 2 4 3 2 4;}\n" \
	"/* Style Definitions */\n" \
	"p.MsoNormal, li.MsoNormal, div.MsoNormal\n" \
	"\t{margin:0cm;\n" \
	"\tfont-size:11.0pt;\n" \
	"\tfont-family:\"Calibri\",sans-serif;\n" \
	"\tmso-fareast-language:EN-US;}\n" \
	"span.EmailStyle17\n" \
	"\t{mso-style-type:personal-compose;\n" \
	"\tfont-family:\"Calibri\",sans-serif;\n" \
	"\tcolor:windowtext;}\n" \
	".MsoChpDefault\n" \
	"\t{mso-style-type:export-only;}\n" \
	"@page WordSection1\n" \
	"\t{size:612.0pt 792.0pt;\n" \
	"\tmargin:70.85pt 70.85pt 2.0cm 70.85pt;}\n" \
	"div.WordSection1\n" \
	"\t{page:WordSection1;}\n" \
	"--></style><!--[if gte mso 9]><xml>\n" \
	"<o:shapedefaults v:ext=\"edit\" spidmax=\"1026\" />\n" \
	"</xml><![endif]--><!--[if gte mso 9]><xml>\n" \
	"<o:shapelayout v:ext=\"edit\">\n" \
	"<o:idmap v:ext=\"edit\" data=\"1\" />\n" \
	"</o:shapelayout></xml><![endif]-->\n" \
	"</head>\n" \
	"<body lang=\"EN-US\" link=\"#0563C1\" vlink=\"#954F72\" " \
	"style=\"word-wrap:break-word\">\n" \
	"<div class=\"WordSection1\">\n" \
	"<p class=\"MsoNormal\"><o:p>&nbsp;</o:p></p>\n" \
	"</div>\n" \
	"</body>\n" \
	"</html>\n"

#define OUTLOOK_HTML \
	"<html>\n<head>\n<meta http-equiv=\"Content-Type\" " \
	"content=\"text/html; charset=iso-8859-1\">\n" \
	"<style type=\"text/css\" style=\"display:none;\">" \
	" P {margin-top:0;margin-bottom:0;} </style>\n</head>\n" \
	"<body dir=\"ltr\">\n<div style=\"font-family: Calibri, Arial, " \
	"Helvetica, sans-serif; font-size: 12pt; color: rgb(0, 0, 0);\">\n" \
	"<br>\n</div>\n</body>\n</html>\n"
#define EXCHANGE_HTML \
	"<!DOCTYPE html PUBLIC \"-//W3C//DTD HTML 3.2//EN\">\n" \
	"<HTML>\n<HEAD>\n<META HTTP-EQUIV=\"Content-Type\" " \
	"CONTENT=\"text/html; charset=us-ascii\">\n" \
	"<META NAME=\"Generator\" CONTENT=\"MS Exchange Server version " \
	"16.0.14326.20454\">\n<TITLE></TITLE>\n</HEAD>\n<BODY>\n" \
	"<P><FONT SIZE=2>&nbsp;</FONT>\n</P>\n\n</BODY>\n</HTML>\n"
#define CONVERTED_HTML \
	"<html>\n<head>\n<meta name=\"Generator\" content=\"Microsoft " \
	"Exchange Server\">\n<!-- converted from text --><style><!-- " \
	".EmailQuote { margin-left: 1pt; padding-left: 4pt; border-left: " \
	"#800000 2px solid; } --></style>\n</head>\n<body>\n" \
	"<font size=\"2\"><span style=\"font-size:11pt;\">" \
	"<div class=\"PlainText\">&nbsp;</div></span></font>\n</body>\n" \
	"</html>\n"

/* ContentInfo with what RFC 5652 section 6.1 asks for, as short as it gets */
#define CMS_ENVELOPED "MDMGCSqGSIb3DQEHA6AmMCQCAQAxBTADAgEAMBgGCSqGSIb3DQEHATAFBgNVBAOABAECAwQ="
#define CMS_SIGNED "MDMGCSqGSIb3DQEHAqAmMCQCAQAxBTADAgEAMBgGCSqGSIb3DQEHATAFBgNVBAOABAECAwQ="
#define CMS_AUTH_ENVELOPED \
	"MDoGCyqGSIb3DQEJEAEXoCswKQIBADEFMAMCAQAwGAYJKoZIhvcNAQcBMAUGA1UEA4AEAQIDBAQDbWFj"
#define CMS_INDEFINITE \
	"MIAGCSqGSIb3DQEHA6CAMIACAQAxBTADAgEAMIAGCSqGSIb3DQEHATAFBgNVBAOg" \
	"gAQEMTIzNAAAAAAAAAAAAAA="
#define CMS_WITHOUT_RECIPIENT "MC4GCSqGSIb3DQEHA6AhMB8CAQAxADAYBgkqhkiG9w0BBwEwBQYDVQQDgAQBAgME"
#define CMS_ENCRYPTED_DATA "MDMGCSqGSIb3DQEHBqAmMCQCAQAxBTADAgEAMBgGCSqGSIb3DQEHATAFBgNVBAOABAECAwQ="
#define CMS_COMPRESSED \
	"MDoGCyqGSIb3DQEJEAEJoCswKQIBADEFMAMCAQAwGAYJKoZIhvcNAQcBMAUGA1UEA4AEAQIDBAQDbWFj"
#define CMS_CUT "MDMGCSqGSIb3DQEHA6AmMCQCAQAxBTADAgEAMBgGCSqGSIb3DQEHATAFBgNVBAOABAEC"
#define CMS_AND_MORE \
	"MDMGCSqGSIb3DQEHA6AmMCQCAQAxBTADAgEAMBgGCSqGSIb3DQEHATAFBgNVBAOABAECAwRzZWNyZXQ="
/* the type of enveloped-data, and text behind it */
#define CMS_TEXT \
	"MIAGCSqGSIb3DQEHAyBhbmQgdGhlbiBhbGwgdGhlIHRleHQgb25lIGxpa2Vz" \
	"LCBmb3Igbm9ib2R5IGxvb2tz"

#endif
