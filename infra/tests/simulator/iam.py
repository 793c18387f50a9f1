"""Evaluates policies as IAM does: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic.html"""

import fnmatch
import functools
import re


def many(value):
    return value if isinstance(value, list) else [value]


@functools.cache
def wild(pattern):
    return re.compile(fnmatch.translate(pattern.replace("[", "[[]")))


def like(pattern, value):
    """`*` and `?` are wild, nothing else is."""
    return pattern == value or (("*" in pattern or "?" in pattern) and wild(pattern).match(value) is not None)


def arn_like(pattern, value):
    ours, theirs = pattern.split(":", 5), value.split(":", 5)
    return len(ours) == len(theirs) and all(map(like, ours, theirs))


COMPARE = {
    "StringEquals": lambda want, have: want == have,
    "StringEqualsIgnoreCase": lambda want, have: want.lower() == have.lower(),
    "StringLike": like,
    "ArnEquals": arn_like,
    "ArnLike": arn_like,
    "Bool": lambda want, have: str(want).lower() == str(have).lower(),
}


def condition_met(operator, key, wanted, context):
    """One line of a condition. `context`: key → value or list of values, of keys that the request has."""
    quantity, _, rest = operator.rpartition(":")
    base, optional = rest.removesuffix("IfExists"), rest.endswith("IfExists")
    has = {name.lower(): value for name, value in context.items()}.get(key.lower())
    if base == "Null":
        return all((has is None) == (str(value).lower() == "true") for value in many(wanted))
    negated = "Not" in base
    if has is None:
        return optional or negated or quantity == "ForAllValues"
    compare = COMPARE[base.replace("Not", "")]

    def one(value):
        return any(compare(pattern, value) for pattern in many(wanted)) != negated

    values = many(has)
    return all(map(one, values)) if quantity == "ForAllValues" else any(map(one, values))


def covers(statement, action, resource, context):
    """True if a statement speaks of this request."""
    name = action.lower()
    if "NotAction" in statement:
        if any(like(pattern.lower(), name) for pattern in many(statement["NotAction"])):
            return False
    elif not any(like(pattern.lower(), name) for pattern in many(statement["Action"])):
        return False
    # A policy of a resource may leave the resource out.
    wanted = many(statement.get("Resource", "*"))
    if not any(pattern == "*" or arn_like(pattern, resource) for pattern in wanted):
        return False
    return all(
        condition_met(operator, key, wanted, context)
        for operator, lines in statement.get("Condition", {}).items()
        for key, wanted in lines.items()
    )


def allowed(statements, action, resource, context):
    """True if the statements allow the request and none denies it."""
    met = [each["Effect"] for each in statements if covers(each, action, resource, context)]
    return "Allow" in met and "Deny" not in met
