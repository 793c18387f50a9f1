"""The judges: each takes templates and yields (template, finding), a finding as `JUDGE: STACK RESOURCE RULE`."""

import dataclasses
import functools
import json
import logging
import pathlib
import platform
import re
import subprocess
import sys
import tarfile
import tempfile
import warnings

warnings.filterwarnings("ignore")
logging.disable(logging.WARNING)

PSEUDO = {"AWS::AccountId": "123456789012", "AWS::Region": "eu-west-1", "AWS::Partition": "aws", "AWS::URLSuffix": "amazonaws.com"}
STACKS = r"Foundation|(Dev|Prod)Cluster|(Dev|Staging|Prod)(AppStack|BeforeRelease)|(Dev|StagingProd)PipelineStack|DevDatabase"


@dataclasses.dataclass(frozen=True)
class Template:
    """A synthesized template. Stacks with a prefix are judged by their name without it."""

    path: pathlib.Path

    @functools.cached_property
    def stack(self):
        return re.search(rf"({STACKS})$", self.path.name.split(".")[0])[0]

    @functools.cached_property
    def text(self):
        return self.path.read_text()

    def __str__(self):
        return f"{self.path.parent.name}/{self.path.name.split('.')[0]}"


def cdk_nag(templates):
    """Rules AwsSolutions of cdk-nag."""
    from aws_cdk import App, Stack, Validations
    from aws_cdk.cloudformation_include import CfnInclude
    from cdk_nag import AwsSolutionsChecks

    out = tempfile.mkdtemp()
    app = App(outdir=out)
    for number, template in enumerate(templates):
        CfnInclude(Stack(app, f"S{number}"), "T", template_file=str(template.path))
    Validations.of(app).add_plugins(AwsSolutionsChecks(app))
    try:
        app.synth()
    except RuntimeError as error:
        # Findings are an error to CDK; they are in the report.
        if "ValidationFailed" not in str(error):
            raise
    report = json.loads((pathlib.Path(out) / "validation-report.json").read_text())
    for plugin in report["pluginReports"]:
        for violation in plugin["violations"]:
            # cloudformation-validate has its own turn in judge-templates.
            rule = violation["ruleName"]
            if not rule.startswith("AwsSolutions-"):
                continue
            for construct in violation["violatingConstructs"]:
                number, _, resource = construct["constructPath"].partition("/T/")
                template = templates[int(number.removeprefix("S"))]
                yield template, f"cdk-nag: {template.stack} {resource} {rule}"


def cfripper(templates):
    """All rules of cfripper."""
    from cfripper.config.config import Config
    from cfripper.rule_processor import RuleProcessor
    from cfripper.rules import DEFAULT_RULES
    from pycfmodel import parse

    for template in templates:
        content = json.loads(template.text)
        for resource in content["Resources"].values():
            # Its model of a listener is older than the listener's tags.
            if resource["Type"] == "AWS::ElasticLoadBalancingV2::Listener":
                resource["Properties"].pop("Tags", None)
            # Its model of an alarm takes whole thresholds alone. No rule reads them.
            if isinstance(resource.get("Properties", {}).get("Threshold"), float):
                resource["Properties"]["Threshold"] = round(resource["Properties"]["Threshold"])
        config = Config(rules=list(DEFAULT_RULES), aws_account_id=PSEUDO["AWS::AccountId"], stack_name=template.stack)
        rules = [DEFAULT_RULES[name](config) for name in config.rules]
        result = RuleProcessor(*rules).process_cf_template(parse(content).resolve(PSEUDO), config)
        for error in result.exceptions:
            sys.exit(f"cfripper could not judge {template}: {error}")
        for failure in result.failures:
            resources = ",".join(sorted(failure.resource_ids or []))
            yield template, f"cfripper: {template.stack} {resources or '-'} {failure.rule}: {failure.reason}"


def unpacked(folder):
    """Unpacks cfn-guard and the rules of AWS Control Tower: (program, folder of rules)."""
    import cdklabs.cdk_validator_cfnguard._jsii as package

    (archive,) = pathlib.Path(package.__file__).parent.glob("*.jsii.tgz")
    system = {"Linux": "ubuntu", "Darwin": "macos"}[platform.system()]
    machine = {"arm64": "aarch64"}.get(platform.machine(), platform.machine())
    program = f"package/bin/{system}/{machine}/cfn-guard"
    with tarfile.open(archive) as files:
        wanted = [each for each in files.getmembers() if each.name == program or each.name.endswith(".guard")]
        files.extractall(folder, wanted, filter="data")
    (folder / program).chmod(0o755)
    return folder / program, folder / "package/rules"


def as_guard_reads(value, parameters):
    """The same in the words that the rules know: they follow references within a template, and to no SSM parameter."""
    if isinstance(value, list):
        return [as_guard_reads(each, parameters) for each in value]
    if not isinstance(value, dict):
        return value
    if parameters.get(value.get("Ref") if len(value) == 1 else None, "").startswith("AWS::SSM::Parameter::Value"):
        return f"what the parameter {value['Ref']} says"
    within = re.fullmatch(r"\$\{(\w+)\.Arn\}(/\*)", str(value.get("Fn::Sub")))
    if within:
        return {"Fn::Join": ["", [{"Fn::GetAtt": [within[1], "Arn"]}, within[2]]]}
    return {key: as_guard_reads(each, parameters) for key, each in value.items()}


def checks(value, rule=None):
    """(rule, path) of every failed check of a report, which nests them under the rule that they belong to."""
    if isinstance(value, list):
        for each in value:
            yield from checks(each, rule)
    elif isinstance(value, dict):
        messages = value.get("messages")
        said = re.search(r"\[(CT\.[\w.]+)\]", (messages.get("custom_message") if isinstance(messages, dict) else None) or "")
        rule = said[1] if said else rule
        if isinstance(value.get("path"), str):
            yield rule, value["path"]
        for each in value.values():
            yield from checks(each, rule)


def cfn_guard(templates):
    """The proactive rules of AWS Control Tower, with cfn-guard."""
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        program, rules = unpacked(folder)
        contents = [json.loads(template.text) for template in templates]
        kinds = {resource["Type"] for content in contents for resource in content["Resources"].values()}
        # Rules about what no template has take most of the time.
        rules = [path for path in sorted(rules.rglob("*.guard")) if kinds & set(re.findall(r"AWS::\w+::\w+", path.read_text()))]
        data = folder / "data"
        data.mkdir()
        for number, content in enumerate(contents):
            parameters = {key: each["Type"] for key, each in content.get("Parameters", {}).items()}
            content["Resources"] = as_guard_reads(content["Resources"], parameters)
            (data / f"{number}.json").write_text(json.dumps(content))
        command = [program, "validate", "--data", data, "--show-summary", "none", "--output-format", "json", "--structured"]
        command += [part for rule in rules for part in ("--rules", rule)]
        ran = subprocess.run(command, capture_output=True, text=True, check=False)
        try:
            reports = json.loads(ran.stdout)
        except ValueError:
            sys.exit(f"cfn-guard gave no judgement: {ran.stderr[-2000:]}")
        judged = {pathlib.Path(report["name"]).stem: report for report in reports}
        for number, template in enumerate(templates):
            report = judged[str(number)]
            if not report["compliant"]:
                sys.exit(f"cfn-guard applied no rule to {template}")
            found = {
                (path.split("/")[2], rule)
                for failed in report["not_compliant"]
                for rule, path in checks(failed)
                if path.startswith("/Resources/")
            }
            if len({rule for _, rule in found}) < len(report["not_compliant"]):
                sys.exit(f"cfn-guard names no resource for some rule that {template} fails")
            yield from ((template, f"cfn-guard: {template.stack} {resource} {rule}") for resource, rule in sorted(found))


JUDGES = [cdk_nag, cfripper, cfn_guard]
