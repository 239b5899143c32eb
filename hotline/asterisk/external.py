"""An Asterisk that somebody else starts and stops: whether it is there, and has what the hotline needs of it."""

from __future__ import annotations

import asyncio

from acd.ami import ActionFailed, AmiClient, AmiError, Event
from hotline.asterisk.errors import AsteriskError
from hotline.asterisk.home import OLDEST, version_in
from hotline.secrets import Secrets
from hotline.site import Site

ANSWER_S = 10.0
CONTEXTS = (
    "hotline-in",
    "hotline-call",
    "hotline-answered",
    "hotline-connected",
    "hotline-one-line",
    "hotline-phones",
)
REQUIRED = (
    "app_dial",
    "app_stack",
    "app_userevent",
    "chan_pjsip",
    "func_callerid",
    "func_channel",
    "func_env",
    "func_strings",
    "pbx_config",
    "res_agi",
    "res_musiconhold",
    "res_pjsip_authenticator_digest",
    "res_pjsip_endpoint_identifier_ip",
    "res_pjsip_endpoint_identifier_user",
    "res_pjsip_nat",
    "res_pjsip_outbound_authenticator_digest",
    "res_pjsip_outbound_registration",
    "res_pjsip_registrar",
    "res_pjsip_sdp_rtp",
    "res_pjsip_session",
    "res_rtp_asterisk",
    "res_srtp",
)


class ExternalAsteriskUnfit(AsteriskError):
    """The Asterisk that the site wants to use is not there, or lacks something."""

    def __init__(self, site: Site, wrong: str, remedy: str) -> None:
        super().__init__(
            f"The site says `asterisk: external`, and that Asterisk cannot be used: {wrong}.",
            f"{remedy} Every step is in docs/own-asterisk.md. "
            f"For an Asterisk that the hotline brings and runs itself, leave `asterisk` out of {site.file}.",
        )


async def check_external(site: Site, secrets: Secrets) -> None:
    """Log in at the site's Asterisk and look for all that the hotline needs. Raises `ExternalAsteriskUnfit`."""
    client = AmiClient(
        "127.0.0.1",
        site.settings.ports.ami,
        secrets.ami_user,
        secrets.ami_password,
        on_event=_let_pass,
        on_connected=_stay,
        on_lost=_stay,
    )
    running = asyncio.create_task(client.run())
    try:
        await _connected(site, client)
        await _look(site, secrets, client)
    except AmiError as error:
        raise ExternalAsteriskUnfit(site, str(error), "Mend that and try again.") from error
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)


async def _connected(site: Site, client: AmiClient) -> None:
    deadline = asyncio.get_running_loop().time() + ANSWER_S
    while not (now := client.statistics()).connected:
        if now.last_error or asyncio.get_running_loop().time() > deadline:
            wrong = now.last_error or f"AMI did not answer in {ANSWER_S:g} s"
            remedy = "`hotline asterisk config` writes the files that it must include."
            raise ExternalAsteriskUnfit(site, wrong, remedy)
        await asyncio.sleep(0.02)


async def _look(site: Site, secrets: Secrets, client: AmiClient) -> None:
    said = (await client.action("CoreSettings")).headers.get("AsteriskVersion", "")
    if version_in(said)[:1] < (OLDEST,):
        wrong = f"it is version {said or 'unknown'}, and {OLDEST} is the oldest that will do"
        raise ExternalAsteriskUnfit(site, wrong, "Use a newer one.")
    lacking = [module for module in REQUIRED if not await _has_module(client, module)]
    if lacking:
        wrong = f"these modules are not loaded: {', '.join(lacking)}"
        raise ExternalAsteriskUnfit(site, wrong, "Load them in modules.conf and restart Asterisk.")
    lacking = [context for context in CONTEXTS if not await _has_context(client, context)]
    if lacking:
        wrong = f"its dialplan lacks the contexts {', '.join(lacking)}"
        remedy = (
            "Let extensions.conf include hotline_extensions.conf, and say `dialplan reload` on its console."
        )
        raise ExternalAsteriskUnfit(site, wrong, remedy)
    known = await client.phones()
    lacking = [number for number in site.settings.phones if secrets.phones[number].username not in known]
    if lacking:
        wrong = f"it does not know the site's phones {', '.join(lacking)}"
        remedy = "Write the files anew (`hotline asterisk config`), include hotline_pjsip.conf, and restart Asterisk."
        raise ExternalAsteriskUnfit(site, wrong, remedy)


async def _has_module(client: AmiClient, module: str) -> bool:
    try:
        await client.action("ModuleCheck", {"Module": module})
    except ActionFailed as error:
        if error.text.startswith("Module"):
            return False
        raise
    return True


async def _has_context(client: AmiClient, context: str) -> bool:
    try:
        return bool(await client.list_action("ShowDialPlan", {"Context": context}))
    except ActionFailed as error:
        if error.text.startswith("Did not find"):
            return False
        raise


async def _let_pass(_: Event) -> None:
    """Events are of no interest here."""


async def _stay(_: object) -> None:
    """Neither is what a lasting connection would do."""
