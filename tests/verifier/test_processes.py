"""Two real processes behind one address over PostgreSQL: nothing is lost, nothing is mixed up."""

from __future__ import annotations

import asyncio
import json

import pytest
from desk_processes import names_in, one_address, several

PATIENTS = 6


@pytest.fixture(scope="module")
def site(world, tmp_path_factory, postgresql):
    """A database of its own: processes that serve must not have it emptied under them."""
    with several(world, tmp_path_factory.mktemp("site"), postgresql.empty_database()) as made:
        yield made


def test_asked_answered_and_seen_through_one_address_each_result_at_its_own_desk(site):
    async def states_of(port, name):
        return [state async for state in site.events(port, name)]

    async def one_patient(address, number):
        name = f"FAMILY{number}"
        made = await site.ask(address)
        following = asyncio.create_task(states_of(site.ports[number % 2], made["id"]))
        path, body = await site.answer_for(address, made["link"], name)
        status, text = await site.post(address, path, body)
        assert status == 200, text
        assert json.loads(text)["receipt"]
        assert (await asyncio.wait_for(following, 10))[-1] == "answered"
        seen = [await site.look(port, made["id"]) for port in site.ports]
        assert [names_in(one) for one in seen] == [{name}, {name}]
        assert seen[0]["result"] == seen[1]["result"]

    async def everybody():
        async with one_address(site.ports) as address:
            await asyncio.gather(*(one_patient(address, number) for number in range(PATIENTS)))

    asyncio.run(everybody())


def test_a_process_that_is_killed_takes_nothing_with_it(site):
    async def before(address, number):
        made = await site.ask(address)
        path, body = await site.answer_for(address, made["link"], f"KILLED{number}")
        return made["id"], path, body

    async def story():
        async with one_address(site.ports) as address:
            asked = await asyncio.gather(*(before(address, n) for n in range(PATIENTS)))
            half = PATIENTS // 2
            for _, path, body in asked[:half]:
                assert (await site.post(address, path, body))[0] == 200
            posting = [
                asyncio.create_task(site.post(address, path, body))
                for _, path, body in asked[half:]
            ]
            await asyncio.sleep(0.01)  # so that some are under way
            site.serving[0].kill()
            ended = await asyncio.gather(*posting, return_exceptions=True)
            for (_, path, body), answer in zip(asked[half:], ended, strict=True):
                if isinstance(answer, BaseException) or not answer[0]:
                    # Interrupted: sent again, it is taken, or was taken the first time.
                    status, text = await site.post(address, path, body)
                    assert status == 200 or b"transaction.closed" in text, text
                else:
                    assert answer[0] == 200, answer
            for number, (name, _, _) in enumerate(asked):
                seen = await site.look(address, name)
                assert (seen["state"], names_in(seen)) == ("answered", {f"KILLED{number}"})
            site.serving[0].start()
            await asyncio.to_thread(site.serving[0].ready)
            for number, (name, _, _) in enumerate(asked):
                seen = await site.look(site.ports[0], name)
                assert names_in(seen) == {f"KILLED{number}"}

    asyncio.run(story())


def test_readyz_and_another_desks_key_at_either(site):
    async def story():
        for port in site.ports:
            status, text = await site.call(port, "GET", "/readyz")
            assert status == 200, text
        made = await site.ask(site.ports[0])
        wrong = {"authorization": "Bearer another-key"}
        path = f"/requests/{made['id']}"
        status, _ = await site.call(site.ports[1], "GET", path, headers=wrong)
        assert status == 401

    asyncio.run(story())
