"""Everything that the real devices were seen to do wrong, switchable at run time."""

from enum import StrEnum


class Fault(StrEnum):
    """One misbehaviour; references are issues of the projects named in the documentation of the batteries' API."""

    # On the wire. `Firmware.once` makes any of these act on one request only.
    LATE_REPLY = "late_reply"
    """The answer comes `Firmware.late_s` late: after the client gave up."""
    DUPLICATE_REPLY = "duplicate_reply"
    """Every answer comes twice (firmware below 150, HMG-50 below 156)."""
    NO_REPLY = "no_reply"
    """Requests are carried out, the answer is lost."""
    PACKET_LOSS = "packet_loss"
    """Three datagrams in ten are lost, requests as well as answers."""
    FOREIGN_ADDRESS = "foreign_address"
    """The answer comes from another IP address (dual-homed unit, jaapp#31)."""
    WRONG_ID = "wrong_id"
    """The answer carries another id (lox, firmware 148)."""
    ECHO = "echo"
    """The request comes back before the answer, as broadcasts do on one's own socket."""
    PARSE_ERROR = "parse_error"
    """-32700 with id 0 on a valid request (jaapp#85)."""
    NOT_JSON = "not_json"
    LIST_FRAME = "list_frame"
    NAN = "nan"
    """Powers and charge are NaN, which Python's json accepts."""
    WRONG_MAC = "wrong_mac"
    """Another device answers on this address."""
    NO_SRC = "no_src"
    MUTE_60S = "mute_60s"
    """Nothing is received for a minute, then the fault removes itself (jaapp#85)."""
    BROADCAST_ONLY = "broadcast_only"
    """Directed datagrams are not answered (jaapp#136)."""

    # Methods and fields.
    MODE_MISSING = "mode_missing"
    PV_ABSENT = "pv_absent"
    STATUS_MUTE = "status_mute"
    """ES.GetStatus is never answered (E3 137/139, HMG-50 155)."""
    BAT_MUTE = "bat_mute"
    MACS_MISSING = "macs_missing"
    """GetDevice tells device, version and address only (taurgis#60)."""
    COUNTERS_FROZEN = "counters_frozen"

    # Commands.
    SET_REFUSED = "set_refused"
    """set_result false, nothing done."""
    SET_IGNORED = "set_ignored"
    """set_result true, nothing done (jaapp#140)."""
    SECOND_SEND_NEEDED = "second_send_needed"
    """A change acts only when it is sent again 10 s later or more (jaapp#72)."""
    LEAVES_PASSIVE = "leaves_passive"
    """Falls from Passive to Auto 30 s after each command (jaapp#145)."""
    EXPIRES_TO_AUTO = "expires_to_auto"
    """What follows the countdown is disputed: without this or the next fault it is 0 W."""
    EXPIRES_TO_PREVIOUS = "expires_to_previous"
    STUCK_150W = "stuck_150w"
    """Passive 0 W, yet 150 W keep flowing until Manual was set once."""
    WRONG_SIGN = "wrong_sign"
    """Does the opposite of every setpoint."""
    SECOND_CLIENT = "second_client"
    """Another program sets Manual without a slot every 20 s."""

    # The whole unit.
    SETTINGS_WIPE = "settings_wipe"
    """Mode Manual, slots and limits gone, API off (taurgis#14). Clearing the fault opens the API, not more."""
    DEAD = "dead"
    """Without power: no answer, 0 W."""

    # The meter. Frozen and jump are seen by the batteries too, the others by HTTP only.
    P1_API_OFF = "p1_api_off"
    """403 with HomeWizard's error 202."""
    P1_NOT_FOUND = "p1_not_found"
    P1_SERVER_ERROR = "p1_server_error"
    P1_HTML = "p1_html"
    P1_GARBAGE = "p1_garbage"
    P1_HUGE = "p1_huge"
    """Four megabytes of JSON."""
    P1_FIELD_MISSING = "p1_field_missing"
    P1_NAN = "p1_nan"
    P1_NULL = "p1_null"
    P1_TEXT = "p1_text"
    """The power is a string."""
    P1_TIMEOUT = "p1_timeout"
    """The connection opens and nothing comes."""
    P1_FROZEN = "p1_frozen"
    P1_JUMP = "p1_jump"
    """8 kW too much."""
    P1_WRONG_SIGN = "p1_wrong_sign"


METER_FAULTS = frozenset(fault for fault in Fault if fault.startswith("p1_"))
BATTERY_FAULTS = frozenset(Fault) - METER_FAULTS
