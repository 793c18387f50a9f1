"""Whether security groups let a connection through: the source's outbound rules and the target's inbound rules."""

import ipaddress

# What is on no network of the account: only rules for all addresses let it in.
INTERNET = "0.0.0.0/0"


def covers(rule, port):
    """Whether a rule is for a TCP port."""
    if rule["IpProtocol"] == "-1":
        return True
    return rule["IpProtocol"] in ("tcp", "6") and rule.get("FromPort", 0) <= port <= rule.get("ToPort", 65535)


def admits(rule, groups, address):
    """Whether a rule names one of the groups, or a range with the address (a range itself, for the internet)."""
    if any(pair.get("GroupId") in groups for pair in rule.get("UserIdGroupPairs", [])):
        return True
    peer = ipaddress.ip_network(address) if address else None
    ranges = [each["CidrIp"] for each in rule.get("IpRanges", [])]
    return peer is not None and any(peer.subnet_of(ipaddress.ip_network(each, strict=False)) for each in ranges)


def missing(port, groups, source=(), target=(), source_address=None, target_address=None):
    """Returns the rule that is missing for a connection, or None if it is allowed.

    `groups` are the security groups by ID; source and target are IDs; without any, that side is not judged.
    """

    def ruled(own, direction, peers, address):
        rules = (rule for group in own for rule in groups[group].get(direction, []))
        return any(covers(rule, port) and admits(rule, peers, address) for rule in rules)

    if source and not ruled(source, "IpPermissionsEgress", target, target_address):
        peer = named(target, groups) if target else target_address
        return f"no outbound rule of {named(source, groups)} for TCP port {port} to {peer}"
    if target and not ruled(target, "IpPermissions", source, source_address):
        peer = named(source, groups) if source else source_address
        return f"no inbound rule of {named(target, groups)} for TCP port {port} from {peer}"
    return None


def named(identities, groups):
    """IDs of security groups with their names."""
    return ", ".join(f"{each} ({groups[each]['GroupName']})" if each in groups else each for each in identities)
