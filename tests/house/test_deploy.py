"""The files of docs/deploy: they name what exists, hold no secret, and run with few rights.

Neither Docker, Helm nor systemd has to be here; what they alone can say is in docs/deployment.md.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess

import jsonschema
import pytest
import typer.main
import yaml
from chart_rendering import Chart
from repository import ROOT

from issuer.cli import app
from issuer.settings import Settings

DEPLOY = ROOT / "docs" / "deploy"
COMPOSE = yaml.safe_load((DEPLOY / "compose" / "compose.yaml").read_text())
CHART = Chart(DEPLOY / "helm")
OBJECTS = CHART.objects()
DOCKERFILE = (DEPLOY / "Dockerfile").read_text()
UNITS = sorted((DEPLOY / "systemd").glob("*.service"))
FILES = sorted(path for path in DEPLOY.rglob("*") if path.is_file())
COMMANDS = set(typer.main.get_command(app).commands)
VARIABLE = re.compile(r"PASSPORT_ISSUER_([A-Z0-9_]+)")
SECRET = re.compile(r"PRIVATE KEY|(?i:password|passphrase)\s*[=:]\s*[^\s/{]|://[^/@\s]*:[^/@\s]+@")
OURS = ("web-a", "web-b", "worker")
HARDENING = {
    "DynamicUser": "yes",
    "ProtectSystem": "strict",
    "NoNewPrivileges": "yes",
    "MemoryDenyWriteExecute": "yes",
    "LimitCORE": "0",
    "CapabilityBoundingSet": "",
    "UMask": "0077",
}


def unit(path):
    """The settings of a unit: name to every value it is given."""
    found: dict[str, list[str]] = {}
    for line in path.read_text().splitlines():
        if line and line[0] not in "#[":
            name, _, value = line.partition("=")
            found.setdefault(name, []).append(value)
    return found


def of_kind(kind):
    return [one for one in OBJECTS if one["kind"] == kind]


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_a_file_names_only_settings_that_exist_and_holds_no_secret(path):
    text = path.read_text(encoding="utf-8")
    known = {name.upper() for name in Settings.model_fields}
    named = {name for name in VARIABLE.findall(text) if name != "_"}
    assert not named - known
    assert not SECRET.search(text)


def test_the_image_is_built_from_hashed_wheels_and_runs_without_rights():
    stages = re.split(r"^FROM ", DOCKERFILE, flags=re.MULTILINE)[1:]
    assert re.search(r"^ARG PYTHON=python:3\.\d+-slim-\w+$", DOCKERFILE, re.MULTILINE)
    for install in re.findall(r"install (?:[^&]|\\\n)*?--requirement", DOCKERFILE):
        assert "--require-hashes" in install
        assert "--only-binary=:all:" in install
    assert "USER 10001:10001" in stages[-1]
    assert not re.search(r"gcc|apt-get|build-essential|pip install", stages[-1])
    assert "pip uninstall --yes pip" in stages[-1]


def test_the_image_copies_only_what_its_context_has():
    ignored = (DEPLOY / "Dockerfile.dockerignore").read_text().splitlines()
    context = {line[1:] for line in ignored if line.startswith("!")}
    first = DOCKERFILE.split("# --- the image that runs")[0]
    copies = re.findall(r"^COPY (.+) \S+$", first, re.MULTILINE)
    sources = {source for line in copies for source in line.split()}
    assert sources == context
    assert all((ROOT / source).exists() for source in sources)


def test_the_image_listens_and_is_asked_at_the_default_port():
    port = Settings.model_fields["port"].default
    assert f"EXPOSE {port}\n" in DOCKERFILE
    assert f'"{port}", "/healthz"' in DOCKERFILE
    entry, command = (
        json.loads(re.search(rf"^{word} (.+)$", DOCKERFILE, re.MULTILINE)[1])
        for word in ("ENTRYPOINT", "CMD")
    )
    assert entry == ["passport-issuer"]
    assert command[0] in COMMANDS


def test_what_the_image_installs_stands_in_the_lock_of_everything_with_the_same_hashes():
    def locked(name):
        text = (ROOT / "constraints" / name).read_text().replace("\\\n", " ")
        return {line.split()[0]: set(line.split()) for line in text.splitlines() if "==" in line}

    whole, part = locked("run.txt"), locked("issuer.txt")
    names = {name.split("==")[0] for name in part}
    assert {"sqlalchemy", "psycopg", "psycopg-binary", "opentelemetry-sdk"} <= names
    for name, words in part.items():
        hashes = {word for word in words if word.startswith("--hash")}
        assert hashes, name
        assert hashes <= whole[name], name


@pytest.mark.parametrize("name", COMPOSE["services"])
def test_each_service_is_pinned_and_has_few_rights(name):
    service = COMPOSE["services"][name]
    _, _, tag = service["image"].rpartition(":")
    assert re.match(r"\d+(\.\d+)*", tag)
    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert "privileged" not in service
    for one in service["secrets"]:
        assert COMPOSE["secrets"][one] == {"file": f"./secrets/{one}"}


def test_services_read_secrets_and_settings_that_are_there():
    for name in OURS:
        service = COMPOSE["services"][name]
        settings, secrets = service["environment"], set(service["secrets"])
        used = set(re.findall(r"/run/secrets/([\w.-]+)", " ".join(settings.values())))
        assert used == secrets
        assert service["user"] == "10001:10001"
        Settings.model_validate(
            {
                k.lower().removeprefix("passport_issuer_"): v
                for k, v in settings.items()
                if VARIABLE.match(k)
            }
        )
    assert COMPOSE["services"]["worker"]["command"][0] in COMMANDS


def test_the_console_beside_compose_has_sign_in_https_and_a_proxy_that_is_believed():
    more = yaml.safe_load((DEPLOY / "compose" / "compose.console.yaml").read_text())
    own = COMPOSE["services"]["web-a"]
    for name in ("web-a", "web-b"):
        added = more["services"][name]
        settings = own["environment"] | added["environment"]
        used = set(re.findall(r"/run/secrets/([\w.-]+)", " ".join(settings.values())))
        assert used == {*own["secrets"], *added["secrets"]}
        told = {n.lower().removeprefix("passport_issuer_"): v for n, v in settings.items()}
        made = Settings.model_validate(
            {
                n: json.loads(v) if n in {"web_proxies", "web_oidc_roles"} else v
                for n, v in told.items()
                if n != "pgpassfile"
            }
        )
        assert made.web_is_open
        proxy = more["services"]["proxy"]["networks"]["console"]["ipv4_address"]
        assert made.web_proxies == (proxy,)
    caddy = (DEPLOY / "compose" / "console.caddy").read_text()
    assert f"{made.web_url} {{" in caddy
    assert f"https://web-a:{made.web_port} https://web-b:{made.web_port} {{" in caddy
    assert more["networks"]["console"]["internal"] is True
    secrets = set(more["services"]["proxy"]["secrets"]) | set(added["secrets"])
    assert more["secrets"] == {one: {"file": f"./secrets/{one}"} for one in sorted(secrets)}


def with_console():
    """The values of the chart with a console."""
    values = json.loads(json.dumps(CHART.values))
    values["console"]["enabled"] = True
    values["settings"] |= {
        "WEB_OIDC_ISSUER": "https://sign-in.example",
        "WEB_OIDC_CLIENT_ID": "console",
        "WEB_OIDC_ROLES": '{"gp-partners": "clinician"}',
        "WEB_PROXIES": '["10.0.0.7"]',
    }
    return values


def test_the_console_of_the_chart_is_reached_by_its_own_name_and_needs_sign_in():
    values = with_console()
    schema = json.loads((DEPLOY / "helm" / "values.schema.json").read_text())
    jsonschema.validate(values, schema)
    for name in ("WEB_OIDC_ISSUER", "WEB_OIDC_ROLES", "WEB_PROXIES"):
        less = {n: v for n, v in values["settings"].items() if n != name}
        with pytest.raises(jsonschema.ValidationError):
            jsonschema.validate({**values, "settings": less}, schema)
    made = {one["kind"]: one for one in reversed(Chart(DEPLOY / "helm", values=values).objects())}
    told = {
        n.removeprefix("PASSPORT_ISSUER_").lower(): v for n, v in made["ConfigMap"]["data"].items()
    }
    for name in ("web_oidc_roles", "web_proxies"):
        told[name] = json.loads(told[name])
    settings = Settings.model_validate({n: v for n, v in told.items() if n != "pgpassfile"})
    assert settings.web_is_open
    (port,) = [p for p in made["Service"]["spec"]["ports"] if p["name"] == "console"]
    web = next(
        one
        for one in Chart(DEPLOY / "helm", values=values).objects()
        if one["kind"] == "StatefulSet" and one["metadata"]["name"].endswith("-web")
    )
    listens = web["spec"]["template"]["spec"]["containers"][0]["ports"][-1]
    assert listens == {"name": port["targetPort"], "containerPort": settings.web_port}
    rule = made["Ingress"]["spec"]["rules"][1]
    assert f"https://{rule['host']}" == settings.web_url
    assert rule["http"]["paths"][0]["backend"]["service"]["port"] == {"name": port["name"]}
    assert made["Ingress"]["spec"]["tls"][1]["hosts"] == [rule["host"]]
    allowed = made["NetworkPolicy"]["spec"]["ingress"][0]["ports"]
    assert {"port": port["targetPort"], "protocol": "TCP"} in allowed


def test_only_the_proxy_is_reached_from_outside_and_the_database_not_by_it():
    assert [n for n, s in COMPOSE["services"].items() if "ports" in s] == ["proxy"]
    assert COMPOSE["networks"]["back"] == {"internal": True}
    assert COMPOSE["services"]["database"]["networks"] == ["back"]
    assert COMPOSE["services"]["proxy"]["networks"] == ["front"]


def test_the_proxy_asks_every_issuer_whether_it_is_ready():
    text = (DEPLOY / "compose" / "Caddyfile").read_text()
    port = COMPOSE["services"]["web-a"]["environment"]["PASSPORT_ISSUER_PORT"]
    (served,) = re.findall(r"reverse_proxy (.+) \{", text)
    assert served.split() == [f"https://{name}:{port}" for name in ("web-a", "web-b")]
    assert "health_uri /readyz" in text
    assert "access_log" not in text
    assert "\tlog" not in text


def test_the_values_of_the_chart_are_in_their_schema():
    schema = json.loads((DEPLOY / "helm" / "values.schema.json").read_text())
    jsonschema.validate(CHART.values, schema)
    for bad in (
        {"secret": ""},
        {"image": {**CHART.values["image"], "tag": "latest"}},
        {"image": {**CHART.values["image"], "digest": "sha256:1"}},
        {"web": {**CHART.values["web"], "replicas": 1}},
        {"settings": {**CHART.values["settings"], "DATABASE_URL": "postgresql://i:pw@h/d"}},
        {"unknown": {}},
    ):
        with pytest.raises(jsonschema.ValidationError):
            jsonschema.validate({**CHART.values, **bad}, schema)


def test_the_chart_makes_what_is_needed_and_no_secret():
    kinds = sorted(one["kind"] for one in OBJECTS)
    assert kinds == [
        "ConfigMap",
        "Ingress",
        "NetworkPolicy",
        "PodDisruptionBudget",
        "Service",
        "StatefulSet",
        "StatefulSet",
    ]


def test_what_is_optional_in_the_chart_is_left_out():
    values = json.loads(json.dumps(CHART.values))
    values["ingress"]["enabled"] = values["networkPolicy"]["enabled"] = False
    values["image"]["digest"] = digest = "sha256:" + "0" * 64
    made = Chart(DEPLOY / "helm", values=values).objects()
    assert not {"Ingress", "NetworkPolicy"} & {one["kind"] for one in made}
    images = re.findall(r'image: "?(\S+?)"?\n', yaml.safe_dump_all(made))
    assert len(images) == 4
    assert all(image.endswith(f"@{digest}") for image in images)


def test_the_settings_of_the_chart_are_good_settings():
    (found,) = of_kind("ConfigMap")
    settings = {k.removeprefix("PASSPORT_ISSUER_").lower(): v for k, v in found["data"].items()}
    made = Settings.model_validate({k: v for k, v in settings.items() if k != "pgpassfile"})
    assert made.port == CHART.values["web"]["port"] == Settings.model_fields["port"].default
    assert made.jobs_in_process is False


@pytest.mark.parametrize("one", of_kind("StatefulSet"), ids=lambda one: one["metadata"]["name"])
def test_each_process_of_the_chart_has_few_rights_and_a_journal_that_outlives_it(one):
    pod = one["spec"]["template"]["spec"]
    assert one["spec"]["updateStrategy"] == {"type": "RollingUpdate"}
    assert one["spec"]["selector"]["matchLabels"].items() <= (
        one["spec"]["template"]["metadata"]["labels"].items()
    )
    assert pod["automountServiceAccountToken"] is False
    assert pod["securityContext"]["runAsNonRoot"] is True
    assert pod["volumes"][0]["secret"]["defaultMode"] == 0o440
    volumes = {v["name"] for v in pod["volumes"]}
    volumes |= {claim["metadata"]["name"] for claim in one["spec"]["volumeClaimTemplates"]}
    for container in (*pod["containers"], *pod["initContainers"]):
        rights = container["securityContext"]
        assert rights["readOnlyRootFilesystem"] is True
        assert rights["allowPrivilegeEscalation"] is False
        assert rights["capabilities"] == {"drop": ["ALL"]}
        assert container["resources"]["limits"]["memory"]
        assert {mount["name"] for mount in container["volumeMounts"]} == volumes
        assert "env" not in container
    assert pod["containers"][0]["args"][0] in COMMANDS
    (settings,) = of_kind("ConfigMap")
    journal = settings["data"]["PASSPORT_ISSUER_STATUS_JOURNAL"]
    mounts = {m["name"]: m["mountPath"] for m in pod["containers"][0]["volumeMounts"]}
    assert journal.startswith(f"{mounts['journal']}/")


def test_requests_reach_ready_processes_alone():
    (service,) = of_kind("Service")
    web = next(one for one in of_kind("StatefulSet") if one["metadata"]["name"].endswith("-web"))
    labels = web["spec"]["template"]["metadata"]["labels"]
    assert service["spec"]["selector"].items() <= labels.items()
    assert service["metadata"]["name"] == web["spec"]["serviceName"]
    container = web["spec"]["template"]["spec"]["containers"][0]
    asked = {name: container[name]["httpGet"] for name in container if name.endswith("Probe")}
    assert {name: one["path"] for name, one in asked.items()} == {
        "startupProbe": "/healthz",
        "livenessProbe": "/healthz",
        "readinessProbe": "/readyz",
    }
    assert {one["scheme"] for one in asked.values()} == {"HTTPS"}


def test_a_worker_is_asked_at_the_port_of_its_figures():
    worker = next(
        one for one in of_kind("StatefulSet") if one["metadata"]["name"].endswith("-worker")
    )
    (container,) = worker["spec"]["template"]["spec"]["containers"]
    (settings,) = of_kind("ConfigMap")
    (port,) = container["ports"]
    assert str(port["containerPort"]) == settings["data"]["PASSPORT_ISSUER_METRICS_PORT"]
    asked = {name: container[name]["httpGet"] for name in container if name.endswith("Probe")}
    assert {one["port"] for one in asked.values()} == {port["name"]}
    assert {"scheme" in one for one in asked.values()} == {False}
    service = COMPOSE["services"]["worker"]
    command = service["healthcheck"]["test"]
    assert service["environment"]["PASSPORT_ISSUER_METRICS_PORT"] in command
    assert command[-1] == "http"


def test_two_units_on_one_machine_have_ports_of_their_own():
    assert "METRICS_PORT" not in (DEPLOY / "systemd" / "environment").read_text()
    found = {re.search(r"METRICS_PORT=(\d+)", path.read_text()).group(1) for path in UNITS}
    assert len(found) == len(UNITS)


@pytest.mark.parametrize("path", UNITS, ids=lambda path: path.name)
def test_a_unit_is_hardened_and_gets_its_secrets_as_credentials(path):
    said = unit(path)
    assert {name: said[name][-1] for name in HARDENING} == HARDENING
    program, command = said["ExecStart"][0].split()
    assert program.endswith("/passport-issuer")
    assert command in COMMANDS
    loaded = {one.partition(":")[0] for one in said["LoadCredential"]}
    text = path.read_text()
    used = set(re.findall(r"%d/([\w.-]+)", text))
    used |= set(re.findall(r"\$\{CREDENTIALS_DIRECTORY\}/([\w.-]+)", text))
    assert used == loaded


def test_units_share_the_journal_and_not_the_folder_of_a_run():
    web, worker = (unit(path) for path in UNITS)
    for name in ("User", "StateDirectory"):
        assert web[name] == worker[name]
    assert web["RuntimeDirectory"] != worker["RuntimeDirectory"]


def test_systemd_understands_the_units_and_finds_them_little_exposed(tmp_path):
    if not shutil.which("systemd-analyze"):
        absent = "no systemd-analyze here: install the system's systemd"
        pytest.fail(absent) if os.environ.get("CI") == "true" else pytest.skip(absent)
    for path in UNITS:
        copy = tmp_path / path.name
        copy.write_text(path.read_text().replace("/opt/passport/bin/passport-issuer", "/bin/true"))
        command = ["systemd-analyze", "verify", "--man=no", str(copy)]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        assert path.name not in done.stderr, done.stderr
        command = ["systemd-analyze", "security", "--offline=true", "--threshold=20", str(copy)]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout[-200:]
