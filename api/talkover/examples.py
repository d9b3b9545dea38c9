"""talkover's success answers in the OpenAPI document; whatever a route answers is set beside it."""

from api.talkover.calls.call_examples import CALL_EXAMPLES
from api.talkover.people.people_examples import PEOPLE_EXAMPLES
from api.talkover.trunks.trunk_examples import TRUNK_EXAMPLES
from api.talkover.verifications.verification_examples import VERIFICATION_EXAMPLES

EXAMPLES = (*PEOPLE_EXAMPLES, *TRUNK_EXAMPLES, *VERIFICATION_EXAMPLES, *CALL_EXAMPLES)
