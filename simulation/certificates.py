"""Certificates as HomeWizard's devices show them, made when they are needed: no key is ever kept."""

from datetime import UTC, datetime, timedelta
from functools import cache
import ssl
import tempfile

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID


@cache
def _authority() -> tuple[ec.EllipticCurvePrivateKey, x509.Certificate]:
    """Return the maker's key and certificate; one pair per process."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = _name("Appliance Access CA")
    is_authority = x509.BasicConstraints(ca=True, path_length=0)
    certificate = _builder(name, name, key.public_key()).add_extension(is_authority, critical=True)
    return key, certificate.sign(key, hashes.SHA256())


def authority_pem() -> str:
    """Return the maker's certificate, for whoever has to trust the devices."""
    return _authority()[1].public_bytes(serialization.Encoding.PEM).decode()


def server_context(device: str) -> ssl.SSLContext:
    """Return what a device that is named `device` ("appliance/p1dongle/<serial>") serves HTTPS with."""
    maker_key, maker = _authority()
    key = ec.generate_private_key(ec.SECP256R1())
    certificate = _builder(maker.subject, _name(device), key.public_key()).sign(maker_key, hashes.SHA256())
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    # Python reads keys from files only.
    with tempfile.NamedTemporaryFile() as file:
        file.write(
            key.private_bytes(
                serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
            )
        )
        file.write(certificate.public_bytes(serialization.Encoding.PEM))
        file.flush()
        context.load_cert_chain(file.name)
    return context


def _name(common_name: str) -> x509.Name:
    """Return the name of a maker or a device."""
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common_name)])


def _builder(issuer: x509.Name, subject: x509.Name, key: ec.EllipticCurvePublicKey) -> x509.CertificateBuilder:
    """Return a certificate of today that still has to be signed."""
    now = datetime.now(UTC)
    return (
        x509.CertificateBuilder()
        .issuer_name(issuer)
        .subject_name(subject)
        .public_key(key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=2))
        .not_valid_after(now + timedelta(days=30))
    )
