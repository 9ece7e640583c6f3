"""An authenticator made of python-fido2, another implementation than the server's: a command in JSON on each line of input, a credential on each of output."""

import json
import sys

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from fido2.cose import ES256
from fido2.utils import sha256, websafe_decode, websafe_encode
from fido2.webauthn import (
    Aaguid,
    AttestationObject,
    AttestedCredentialData,
    AuthenticatorData,
    CollectedClientData,
)

FLAG = AuthenticatorData.FLAG
ID = b"python-fido2 credential"
key = ec.generate_private_key(ec.SECP256R1())
handle = ""


def named(response):
    text = websafe_encode(ID)
    return {"id": text, "rawId": text, "type": "public-key", "response": response, "clientExtensionResults": {}}


for line in sys.stdin:
    given = json.loads(line)
    options, lies = given["options"], given.get("lies", {})
    is_new = given["what"] == "create"
    client_data = CollectedClientData.create(
        type="webauthn.create" if is_new else "webauthn.get",
        challenge=websafe_decode(options["challenge"]),
        origin=lies.get("origin", given["origin"]),
    )
    rp_id = lies.get("rpId", options["rp"]["id"] if is_new else options["rpId"])
    flags = FLAG.UP | (FLAG.UV if lies.get("userVerified", True) else FLAG(0))
    counter = lies.get("counter", 0)
    if is_new:
        handle = options["user"]["id"]
        credential = AttestedCredentialData.create(Aaguid.NONE, ID, ES256.from_cryptography_key(key.public_key()))
        said = AuthenticatorData.create(sha256(rp_id.encode()), flags | FLAG.AT, counter, credential)
        response = {"attestationObject": websafe_encode(AttestationObject.create("none", said, {}))}
    else:
        said = AuthenticatorData.create(sha256(rp_id.encode()), flags, counter)
        signature = key.sign(said + client_data.hash, ec.ECDSA(hashes.SHA256()))
        response = {
            "authenticatorData": websafe_encode(said),
            "signature": websafe_encode(signature),
            "userHandle": handle,
        }
    response["clientDataJSON"] = websafe_encode(client_data)
    print(json.dumps(named(response)), flush=True)
