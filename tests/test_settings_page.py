"""docs/settings.md has every setting, as the code takes it."""

from docs.write_settings import PAGE, page, takes


def test_the_page_is_current() -> None:
    assert PAGE.read_text() == page(), "python docs/write_settings.py"


def test_what_a_setting_takes_is_what_the_code_says() -> None:
    assert takes("TIERFLOW_CLOCK") == "wall or event"
    assert takes("KAFKA_SSL_CAFILE") == "the path of a PEM file"
    assert takes("TIERFLOW_HTTP_HOST") == "text"


def test_secrets_are_told_from_other_texts() -> None:
    rows = [line.split("`")[1] for line in page().splitlines() if line.endswith("; never logged |")]
    assert {
        "KAFKA_SASL_PASSWORD",
        "KAFKA_SASL_OAUTH_TOKEN_COMMAND",
        "KAFKA_SASL_OAUTH_CLIENT_SECRET",
        "TIERFLOW_HTTP_TOKEN",
        "TIERFLOW_REGISTRY_PASSWORD",
        "TIERFLOW_REGISTRY_TOKEN",
    } <= set(rows)
    assert not {"KAFKA_SASL_USERNAME", "TIERFLOW_APP_ID", "TIERFLOW_DATA_DIR"} & set(rows)
