"""What the description of the API says beyond what the views tell: the ballot's POST, files, and every refusal."""

from typing import Any

_HEX32 = {"type": "string", "pattern": "^0x[0-9a-f]{64}$"}
_REFUSAL = {"$ref": "#/components/schemas/Refusal"}
_EXAMPLE = {
    "ballot": {
        "cycle": "12",
        "rules": "0x" + "5e" * 32,
        "voter": "0x" + "a1" * 20,
        "nonce": 1,
        "reason": "Lending brought most users last year.",
        "lines": [
            {"programme": "ignite", "typology": "lending", "basisPoints": 6000},
            {"programme": "ignite", "typology": "exchanges", "basisPoints": 4000},
        ],
    },
    "signature": "0x" + "3c" * 64 + "1b",
}
_RECEIPT = {
    "digest": "0x" + "d1" * 32,
    "replaces": None,
    "receipt": {
        "cycle": "12",
        "digest": "0x" + "d1" * 32,
        "received_at": "2026-11-25T18:00:00.000000Z",
        "rules": "0x" + "5e" * 32,
        "status": "accepted",
        "version": 1,
    },
    "signature": "0x" + "77" * 64,
    "receipt_key": "0x" + "99" * 32,
}

# Which "no" a ballot meets with each status.
BALLOT_REFUSALS = {
    400: ["malformed"],
    404: ["unknown_cycle", "not_found"],
    409: [
        "not_open_yet",
        "closed",
        "cycle_cancelled",
        "stale_nonce",
        "too_many_waiting",
        "not_confirmed",
        "undecided",
    ],
    422: [
        "unknown_rules",
        "bad_signature",
        "no_power_at_snapshot",
        "lines_do_not_sum",
        "over_cap",
        "unknown_option",
        "duplicate_line",
        "too_many_ballots",
    ],
    429: ["too_many_requests"],
}
# Which "no" a draft meets. It is read, saved and forgotten by the session of the page, never from elsewhere.
DRAFT_REFUSALS = {
    "get": {401: ["not_signed_in"], 404: ["no_draft", "unknown_cycle", "not_found"]},
    "put": {
        400: ["malformed"],
        401: ["not_signed_in"],
        403: ["csrf_failed"],
        404: ["unknown_cycle", "not_found"],
        409: ["draft_changed", "not_open_yet", "closed", "cycle_cancelled"],
        422: ["no_power_at_snapshot"],
    },
    "delete": {401: ["not_signed_in"], 403: ["csrf_failed"], 404: ["unknown_cycle", "not_found"]},
}
EFFECT_REFUSALS = {
    400: ["malformed"],
    404: ["unknown_cycle", "not_found"],
    409: ["not_open_yet", "closed", "cycle_cancelled", "sealed"],
    422: ["no_power_at_snapshot", "lines_do_not_sum", "over_cap", "unknown_option", "duplicate_line"],
}
_SESSION = {
    "type": "apiKey",
    "in": "cookie",
    "name": "sessionid",
    "description": "The session of a visitor who signed in with a wallet; changes also need `X-CSRFToken`.",
}
_MEANING = {
    401: "Refused: nobody is signed in.",
    403: "Refused: the page's token against forged requests is missing or old.",
    400: "Refused: what was sent is malformed; `words` say where.",
    404: "Refused: there is nothing at this address.",
    409: "Refused at this moment; nothing was stored.",
    422: "Refused, and nothing was stored; `words` say what to change.",
    429: "Refused: too much from this network address in this minute; a ballot that is right never meets this.",
    503: "The database cannot be reached just now. Nothing that was accepted is lost; send the same bytes again.",
}


def complete(result: dict[str, Any], **_: Any) -> dict[str, Any]:
    """Add to drf-spectacular's document what it cannot see."""
    schemas = result["components"]["schemas"]
    schemas.update(_ballot_schemas(schemas))
    ballots = result["paths"]["/api/v1/cycles/{number}/ballots/"]
    ballots["post"] = _cast(ballots["get"]["parameters"])
    uptake = result["paths"]["/api/v1/uptake/"]["get"]
    result["paths"]["/api/v1/uptake.csv"] = {"get": _uptake_csv(uptake["parameters"])}
    result["components"]["securitySchemes"] = {"session": _SESSION}
    asked = result["paths"]["/api/v1/cycles/{number}/effect/"]["post"]["responses"]
    asked["200"]["description"] = "What it would change; nothing is stored."
    asked |= {str(status): refusal(status, names) for status, names in EFFECT_REFUSALS.items()}
    _complete_draft(result["paths"]["/api/v1/cycles/{number}/draft/"])
    for path, methods in result["paths"].items():
        for method, operation in methods.items():
            operation["summary"] = operation["description"].partition("\n")[0].partition(". ")[0].rstrip(".")
            _add_refusals(path, method, operation)
            if operation.get("security") == [{}]:  # as where nothing is said: for anybody
                del operation["security"]
    result["paths"] = dict(sorted(result["paths"].items()))
    return result


def _complete_draft(methods: dict[str, Any]) -> None:
    """A visitor's own session, and what it is refused."""
    for method, refusals in DRAFT_REFUSALS.items():
        operation = methods[method]
        operation["security"] = [{"session": []}]
        operation["responses"] |= {str(status): refusal(status, names) for status, names in refusals.items()}
    methods["put"]["responses"]["200"]["description"] = "Saved as this version."
    forgotten = methods["delete"]["responses"]["204"]
    forgotten["description"] = "Nothing of it is left."
    changed = methods["put"]["responses"]["409"]["content"]["application/json"]
    newer = {"anyOf": [{"$ref": "#/components/schemas/Draft"}, {"type": "null"}]}
    changed["schema"]["allOf"].append({"properties": {"draft": newer}})


def _add_refusals(path: str, method: str, operation: dict[str, Any]) -> None:
    """Every answer that is not the good one."""
    answers = operation["responses"]
    asks = any(parameter["in"] == "query" for parameter in operation.get("parameters", []))
    statuses = {429, 503} | ({400} if asks else set()) | ({404} if "{" in path or "uptake" in path else set())
    if path.endswith("/community/"):
        statuses.add(404)
    for status in statuses - {int(given) for given in answers}:
        answers[str(status)] = refusal(status)
    if method != "get":
        return
    (good,) = (answer for status, answer in answers.items() if status == "200")
    good["description"] = good.get("description") or "What was asked for."
    if not path.endswith(("/clock/", "/draft/")):
        good.setdefault("headers", {})["ETag"] = {"schema": {"type": "string"}, "required": True}
        answers["304"] = {
            "description": "Nothing has changed since the answer whose ETag `If-None-Match` names."
        }


def refusal(status: int, names: list[str] | None = None) -> dict[str, Any]:
    """An answer that says no, in the one form that all have."""
    schema: dict[str, Any] = _REFUSAL
    if names:
        schema = {"allOf": [_REFUSAL, {"properties": {"refusal": {"enum": names}}}]}
    answer: dict[str, Any] = {
        "description": _MEANING[status],
        "content": {"application/json": {"schema": schema}},
    }
    if status in {429, 503}:
        answer["headers"] = {"Retry-After": {"schema": {"type": "integer"}, "description": "seconds"}}
    return answer


def _cast(parameters: list[dict[str, Any]]) -> dict[str, Any]:
    """POST of a ballot, which is no view of Django REST framework."""
    answers: dict[str, Any] = {
        "201": {
            "description": "The ballot is in, and will be in the closing certificate.",
            "content": {
                "application/json": {
                    "schema": {"$ref": "#/components/schemas/Receipt"},
                    "example": _RECEIPT,
                }
            },
        },
        "202": {
            "description": "The ballot waits for its voter's wallet, a contract, to confirm it; it counts nothing yet.",
            "content": {"application/json": {"schema": {"$ref": "#/components/schemas/WaitingBallot"}}},
        },
    }
    answers |= {str(status): refusal(status, names) for status, names in BALLOT_REFUSALS.items()}
    return {
        "operationId": "cast_ballot",
        "description": (
            "Cast a signed ballot. Needs no account: the EIP-712 signature of the voter is its own authentication."
            " 201: the ballot is in. 202: it waits for a wallet that is a contract."
            " 4xx: it is not, and `refusal` names why. 5xx or no answer: send the very same"
            " bytes again, also after closing, and the answer tells which. The same ballot sent again gets the same"
            " receipt. A ballot without lines withdraws what its voter signed before."
        ),
        "tags": ["ballots"],
        "parameters": [parameter for parameter in parameters if parameter["in"] == "path"],
        "requestBody": {
            "required": True,
            "content": {
                "application/json": {
                    "schema": {"$ref": "#/components/schemas/SignedBallot"},
                    "examples": {
                        "split": {"summary": "One programme's budget over two typologies", "value": _EXAMPLE}
                    },
                }
            },
        },
        "responses": answers,
    }


def _uptake_csv(parameters: list[dict[str, Any]]) -> dict[str, Any]:
    return {
        "operationId": "uptake_csv",
        "description": "Uptake as a table for spreadsheets: power in base units, shares in percent.",
        "tags": ["working of the site"],
        "parameters": parameters,
        "responses": {"200": {"description": "", "content": {"text/csv": {"schema": {"type": "string"}}}}},
    }


def _ballot_schemas(given: dict[str, Any]) -> dict[str, Any]:
    """What a ballot is made of; each object has these keys and no other."""
    line = {**given["Line"], "additionalProperties": False}
    ballot = {
        "type": "object",
        "description": "The EIP-712 message that the voter's wallet shows.",
        "additionalProperties": False,
        "required": ["cycle", "rules", "voter", "nonce", "reason", "lines"],
        "properties": {
            "cycle": {"type": "string", "pattern": "^[1-9][0-9]*$", "description": "its number"},
            "rules": {**_HEX32, "description": "SHA-256 of rules.json"},
            "voter": {"type": "string", "pattern": "^0x[0-9a-f]{40}$"},
            "nonce": {
                "type": "integer",
                "minimum": 0,
                "maximum": 2**53 - 1,
                "description": "above that of the voter's newest ballot in the cycle",
            },
            "reason": {"type": "string", "description": "in NFC; may be empty"},
            "lines": {"type": "array", "items": line, "description": "empty: withdraws"},
        },
    }
    signed = {
        "type": "object",
        "description": "A ballot and its voter's signature.",
        "additionalProperties": False,
        "required": ["ballot", "signature"],
        "properties": {
            "ballot": ballot,
            "signature": {
                "type": "string",
                "pattern": "^0x([0-9a-f]{2})*$",
                "maxLength": 16386,
                "description": "65 bytes r, s, v; s is low, v is 27 or 28. A wallet that is a contract takes its own",
            },
        },
    }
    unsigned = {
        "type": "object",
        "description": "What a voter thinks of signing.",
        "additionalProperties": False,
        "required": ["voter", "lines"],
        "properties": {name: ballot["properties"][name] for name in ("voter", "lines")},  # type: ignore[index]
    }
    return {"SignedBallot": signed, "UnsignedBallot": unsigned, "Refusal": _REFUSAL_SCHEMA}


_REFUSAL_SCHEMA = {
    "type": "object",
    "description": 'A "no": `refusal` names it and never changes, `words` say what happened and how to go on.',
    "required": ["refusal", "words"],
    "properties": {"refusal": {"type": "string"}, "words": {"type": "string"}},
}
