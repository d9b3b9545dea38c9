"""Who asks for a page, by his address: what is opened without a token is limited by it."""

from ipaddress import ip_address, ip_network

from starlette.requests import Request

_IPV6_NETWORK_BITS = 64


def client_address(request: Request) -> str:
    """Name an address, or the /64 of one of IPv6; behind a proxy that is not trusted all are the proxy's."""
    host = "" if request.client is None else request.client.host
    try:
        parsed = ip_address(host.partition("%")[0])
    except ValueError:
        return ""
    if parsed.version == 4:
        return str(parsed)
    return str(parsed.ipv4_mapped or ip_network((parsed, _IPV6_NETWORK_BITS), strict=False))
