"""Folders of the landing zone that no source claims."""

from orchestration.exports.landing import unread_folders


def test_a_folder_that_is_no_source_is_named(tmp_path):
    for name in ("sendgrid", "sendgird", ".hidden"):
        (tmp_path / name).mkdir()
    assert unread_folders(tmp_path) == ["sendgird"]


def test_a_landing_zone_that_is_not_there_has_none(tmp_path):
    assert unread_folders(tmp_path / "landing") == []
