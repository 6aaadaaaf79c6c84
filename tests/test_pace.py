from massilia.ingest.pace import Pace


class Time:
    def __init__(self) -> None:
        self.now = -3.0
        self.waits: list[float] = []

    def sleep(self, seconds: float) -> None:
        self.waits.append(seconds)
        self.now += seconds


def test_requests_to_a_host_are_kept_apart() -> None:
    time = Time()
    pace = Pace(lambda: time.now, time.sleep)
    pace.wait("port.example", 1)
    pace.wait("other.example", 1)
    pace.wait("port.example", 1)
    assert time.waits == [1]
    time.now += 0.25
    pace.wait("port.example", 2)
    assert time.waits == [1, 1.75]
    time.now += 10
    pace.wait("port.example", 2)
    assert time.waits == [1, 1.75]


def test_turns_are_given_out_even_while_others_wait() -> None:
    waits: list[float] = []
    pace = Pace(lambda: 100.0, waits.append)
    for _ in range(4):
        pace.wait("port.example", 2)
    assert waits == [2, 4, 6]


def test_the_longest_time_that_a_host_asks_for_counts() -> None:
    time = Time()
    pace = Pace(lambda: time.now, time.sleep)
    assert pace.measure_absence("port.example") == 0
    pace.stay_away("port.example", 60)
    pace.stay_away("port.example", 5)
    pace.stay_away("port.example", -5)
    assert pace.measure_absence("port.example") == 60
    assert pace.measure_absence("other.example") == 0
    pace.wait("port.example", 1)
    assert time.waits == [60]
    assert pace.measure_absence("port.example") == 0
