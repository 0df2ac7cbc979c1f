"""The keys of the services that tests run: none is in two roles, and each is one that a start accepts."""

from shared.process.keys import Keys

WRITE_KEY = "write-key-of-the-test-world"
SECOND_WRITE_KEY = "second-write-key-of-the-test-world"
OPS_KEY = "ops-key-of-the-test-world"
CRM_KEY = "crm-key-of-the-test-world"
KEYS = Keys(write=(WRITE_KEY, SECOND_WRITE_KEY), ops=(OPS_KEY,), crm=(CRM_KEY,))
