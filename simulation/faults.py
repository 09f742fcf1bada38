"""Everything that the devices were seen to do wrong, switchable at run time. Numbers are issues of other projects."""

from enum import StrEnum


class Fault(StrEnum):
    """One misbehaviour of a battery, or of the meter (P1_...)."""

    LATE_REPLY = "late_reply"  # the answer comes `Firmware.late_s` late: after the client gave up
    DUPLICATE_REPLY = "duplicate_reply"
    NO_REPLY = "no_reply"  # requests are carried out, the answer is lost
    PACKET_LOSS = "packet_loss"  # three datagrams in ten, requests as well as answers
    FOREIGN_ADDRESS = "foreign_address"  # the answer comes from another IP address (dual-homed unit, jaapp#31)
    WRONG_ID = "wrong_id"
    ECHO = "echo"  # the request comes back before the answer, as broadcasts do on one's own socket
    PARSE_ERROR = "parse_error"  # -32700 with id 0 on a valid request (jaapp#85)
    NOT_JSON = "not_json"
    LIST_FRAME = "list_frame"
    NAN = "nan"
    WRONG_MAC = "wrong_mac"  # another device answers on this address
    NO_SRC = "no_src"
    MUTE_60S = "mute_60s"  # nothing is heard for a minute, then the fault removes itself (jaapp#85)
    BROADCAST_ONLY = "broadcast_only"  # directed datagrams are not answered (jaapp#136)
    INTEGER_ID_ONLY = "integer_id_only"  # requests with another id are not answered (E3 139, jaapp#5)
    MODE_MISSING = "mode_missing"
    SOC_MISSING = "soc_missing"  # no reply tells the state of charge
    PV_ABSENT = "pv_absent"
    STATUS_MUTE = "status_mute"  # ES.GetStatus is never answered (E3 139, HMG-50 155)
    BAT_MUTE = "bat_mute"
    WIFI_MUTE = "wifi_mute"
    METER_MUTE = "meter_mute"
    MACS_MISSING = "macs_missing"  # GetDevice tells device, version and address only (taurgis#60)
    COUNTERS_FROZEN = "counters_frozen"
    SET_REFUSED = "set_refused"  # set_result false, nothing done
    SET_IGNORED = "set_ignored"  # set_result true, nothing done (jaapp#140)
    SECOND_SEND_NEEDED = "second_send_needed"  # a change acts only when it is sent again 10 s later or more (jaapp#72)
    LEAVES_PASSIVE = "leaves_passive"  # falls from Passive to Auto 30 s after each command (jaapp#145)
    MODE_READ_REVERTS = "mode_read_reverts"  # GetMode right after SetMode brings Auto a minute later (148, jaapp#111)
    EXPIRES_TO_AUTO = "expires_to_auto"  # the end of the countdown is disputed: 0 W without this and the next one
    EXPIRES_TO_PREVIOUS = "expires_to_previous"
    STUCK_150W = "stuck_150w"  # Passive 0 W, yet 150 W keep flowing until Manual was set once (JS-DE)
    WRONG_SIGN = "wrong_sign"  # does the opposite of every setpoint
    SECOND_CLIENT = "second_client"  # another program sets Manual without a slot every 20 s
    BAT_READ_WIPES = "bat_read_wipes"  # Bat.GetStatus brings the wipe (taurgis#14)
    SETTINGS_WIPE = "settings_wipe"  # Manual; slots, class, meter gone; API off. Clearing it opens the API, no more
    DEAD = "dead"  # without power: no answer, 0 W
    # From here to the meter: see BEHAVIOURS in assumptions.py
    SKU_SOURCE = "sku_source"  # src is "VNSE3-0-<mac>"
    PV1_DECIWATT = "pv1_deciwatt"  # the first panel in tenths of a watt, whatever the model
    UPS_STICKS = "ups_sticks"  # once in UPS, Manual is told as UPS
    BOOT_NAME = "boot_name"  # calls itself "Venus"
    ANSWERS_BY_BROADCAST = "answers_by_broadcast"  # and only when asked from the API port
    DIRECTED_ONLY = "directed_only"  # broadcasts are not answered
    UNKNOWN_SILENT = "unknown_silent"  # silence instead of "Method not found"
    METER_TURNS_AWAY = "meter_turns_away"  # polled for 55 s it has no meter, until it is left alone for 15 s
    SOC_ZERO = "soc_zero"  # the state of charge is told as 0
    CHARGES_NOTHING = "charges_nothing"  # every mode is entered, 0 W flow into it
    DISCHARGES_NOTHING = "discharges_nothing"
    METER_REVERSED = "meter_reversed"  # its own meter has the other sign
    LIAR = "liar"  # does nothing in Passive (with WRONG_SIGN: the opposite) and tells its setpoint as its power
    IGNORES_PASSIVE = "ignores_passive"  # set_result true, the mode stays what it was
    NEVER_AUTO = "never_auto"  # the same with Auto
    P1_API_OFF = "p1_api_off"  # this and the next of version 1 only
    P1_NOT_FOUND = "p1_not_found"
    P1_SERVER_ERROR = "p1_server_error"
    P1_HTML = "p1_html"
    P1_GARBAGE = "p1_garbage"
    P1_HUGE = "p1_huge"  # four megabytes of valid JSON
    P1_FIELD_MISSING = "p1_field_missing"
    P1_NAN = "p1_nan"
    P1_NULL = "p1_null"
    P1_TEXT = "p1_text"
    P1_TIMEOUT = "p1_timeout"  # the connection opens and nothing comes
    P1_FROZEN = "p1_frozen"  # this and the jump are seen by the batteries too, the others by HTTP only
    P1_CUTS = "p1_cuts"  # the connection is closed behind every answer (HTTPS only)
    P1_JUMP = "p1_jump"  # 8 kW too much
    P1_WRONG_SIGN = "p1_wrong_sign"
