"""What holds records is cut into them, each with what belongs to it, and what was cut is not cut again."""

from __future__ import annotations

import base64
import json

import pytest

from orchestration.exports.cutting import Cutter
from orchestration.exports.json_text import records

EVENT = '{"id": 1.0,  "n": "\\u003c"}'


def cut(text: str, **declared) -> list[str]:
    found = list(records([text], Cutter(**declared)))
    assert [record.problem for record in found] == [None] * len(found)
    again = list(records(["\n".join(record.text for record in found)], Cutter(**declared)))
    assert again == found
    return [record.text for record in found]


@pytest.mark.parametrize("page", ['{"items":[%s, {"b":2}],"paging":{}}', '{"total": 2, "items" : [\n%s\n,{"b":2}\n]}'])
def test_the_records_of_a_page_are_verbatim(page: str):
    assert cut(page.replace("%s", EVENT), pages=["items"]) == [EVENT, '{"b":2}']


def test_a_page_may_hold_its_records_deeper():
    assert cut('{"data":{"results":[#],"page":1}}'.replace("#", EVENT), pages=["data.results"]) == [EVENT]
    assert cut('{"data":{"other":1}}', pages=["data.results"]) == ['{"data":{"other":1}}']


def test_a_form_field_may_hold_a_page_as_text():
    assert cut(json.dumps({"events": f"[{EVENT}]"}), pages=["events"]) == [EVENT]


def test_an_empty_page_holds_nothing():
    assert cut('{"events":[]}', pages=["events"]) == cut('{"events":"[]"}', pages=["events"]) == []


def test_a_key_that_says_something_stays_with_its_records():
    body = '{"on.open":[#,{"b":2}],"on.click":{"c":3},"time":1}'.replace("#", EVENT)
    assert cut(body, pages=["on.*"]) == [
        '{"page":"on.open","record":#}'.replace("#", EVENT),
        '{"page":"on.open","record":{"b":2}}',
        '{"page":"on.click","record":{"c":3}}',
    ]
    assert cut('{"joe@x.org":[#]}'.replace("#", EVENT), pages=["*@*"]) == [
        '{"page":"joe@x.org","record":#}'.replace("#", EVENT)
    ]


def test_an_element_of_a_document_gets_the_parts_it_refers_to_and_no_others():
    event = '{"type":"event","id":"e%d","relationships":{"metric":{"data":{"type":"metric","id":"m"}},"none":{}}}'
    document = '{"data":[%s,%s],"included":[{"type":"metric","id":"m", "n":1},{"type":"metric","id":"other"}]}'
    assert cut(document % (event % 1, event % 2), json_api=True) == [
        '{"data":%s,"included":{"metric":{"type":"metric","id":"m", "n":1}}}' % (event % number) for number in (1, 2)
    ]
    alone = '{"data":%s,"included":[{"type":"metric","id":"m"}]}' % (event % 1)
    assert json.loads(cut(alone, json_api=True)[0])["included"] == {"metric": {"type": "metric", "id": "m"}}


def test_a_resource_that_left_its_document_is_what_it_was_in_there():
    event = '{"type":"event","id":"e1","attributes":{"n": 1.0},"relationships":{"metric":{"data":{"id":"m"}}}}'
    document = '{"data":[#],"included":[]}'.replace("#", event)
    assert cut(event, json_api=True) == cut(document, json_api=True)
    assert cut(event, json_api=True) == ['{"data":#,"included":{}}'.replace("#", event)]
    assert cut(event) == [event]


def test_a_document_in_an_envelope_keeps_the_envelope():
    document = {"topic": "t", "payload": {"data": {"type": "event", "attributes": {}}, "included": []}}
    assert cut(json.dumps(document), json_api=True, envelopes=["payload"]) == [
        '{"envelope":{"topic":"t"},"data":{"type": "event", "attributes": {}},"included":{}}'
    ]


def test_an_envelope_in_an_envelope_is_opened_too():
    inner = json.dumps({"Message": EVENT, "TopicArn": "t"})
    assert cut(json.dumps({"body": inner, "messageId": "q"}), envelopes=["Message", "body"]) == [
        '{"envelope":{"envelope":{"messageId":"q"},"TopicArn":"t"},"id": 1.0,  "n": "\\u003c"}'
    ]


def test_what_is_no_resource_of_a_document_stands_as_it_is():
    assert cut('{"meta":{},"data":[#]}'.replace("#", EVENT), json_api=True) == [EVENT]
    assert cut('{"data":{"results":[]}}', json_api=True) == ['{"data":{"results":[]}}']


@pytest.mark.parametrize(
    "held",
    [json.dumps(EVENT), EVENT, json.dumps(f"[{EVENT}]")],
)
def test_a_message_is_taken_out_of_its_envelope_which_stays_beside_it(held: str):
    (record,) = cut('{"Type":"Notification","Message":#,"MessageId":"s1"}'.replace("#", held), envelopes=["Message"])
    assert record == '{"envelope":{"Type":"Notification","MessageId":"s1"},"id": 1.0,  "n": "\\u003c"}'


def test_an_envelope_may_lie_in_a_page_and_hold_several_messages():
    body = {"records": [{"data": base64.b64encode(b'{"a":1}{"a":2}\n').decode()}]}
    assert cut(json.dumps(body), pages=["records"], encoded_envelopes=["data"]) == [
        '{"envelope":{},"a":1}',
        '{"envelope":{},"a":2}',
    ]


@pytest.mark.parametrize("held", [EVENT, json.dumps(EVENT), '"e30=x"', '"eHk="'])
def test_what_is_no_object_in_base64_is_no_encoded_message(held: str):
    record = '{"data":#}'.replace("#", held)
    assert cut(record, encoded_envelopes=["data"]) == [record]


def test_an_envelope_with_words_inside_is_a_record_of_its_own():
    assert cut('{"Message":"Welcome","Type":"Notification"}', envelopes=["Message"]) == [
        '{"Message":"Welcome","Type":"Notification"}'
    ]


def test_what_is_no_object_within_a_page_is_told():
    found = list(records(['{"items":[1,{"a":1},{"b":"\\ud800"}]}'], Cutter(["items"])))
    assert [record.problem for record in found] == ["not an object", None, "invalid JSON"]
