"""RFC 3261 §7.3.1."""

from sipcheck.message.parameters import Parameters


def test_values_are_kept_as_written_and_names_match_without_case() -> None:
    params = Parameters.parse('Branch = z9hG4bKa; rport ;x="a;b";;empty=')
    assert list(params) == [("Branch", "z9hG4bKa"), ("rport", None), ("x", '"a;b"'), ("empty", "")]
    assert params.get("bRANCH") == "z9hG4bKa"
    assert params.get("rport") is None
    assert "RPORT" in params
    assert "received" not in params
    assert str(params) == ';Branch=z9hG4bKa;rport;x="a;b";empty='


def test_the_first_of_a_repeated_parameter_counts() -> None:
    assert Parameters.parse("a=1;a=2").get("a") == "1"
    assert Parameters.parse("a;a=2").get("a") == "2"


def test_replace_sets_in_place_or_adds() -> None:
    params = Parameters.parse("rport;branch=x")
    assert str(params.replace("RPORT", "5060")) == ";rport=5060;branch=x"
    assert str(params.replace("received", "192.0.2.1")) == ";rport;branch=x;received=192.0.2.1"


def test_with_first_sets_in_place_or_adds_before_the_others() -> None:
    params = Parameters.parse("rport;branch=x")
    assert str(params.with_first("received", "192.0.2.1")) == ";received=192.0.2.1;rport;branch=x"
    assert str(params.with_first("RPORT", "5060")) == ";rport=5060;branch=x"
