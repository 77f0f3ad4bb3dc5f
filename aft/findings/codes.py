"""Every finding code, what it means and how to mend it: the source of docs and SARIF rules.

Ranges: 1xx YAML · 2xx a field of any file · 3xx across requests · 4xx the organization and
its policies · 5xx baselines · 6xx customizations · 7xx aft.yaml · 8xx the repository's tree ·
9xx plans.
A code is never reused for another meaning.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class FindingCode:
    """``title`` is a few words, ``meaning`` one or two sentences, ``remedy`` what to do."""

    code: str
    title: str
    meaning: str
    remedy: str


_ALL: tuple[FindingCode, ...] = (
    # --- 1xx: YAML ---
    FindingCode(
        "AFT101",
        "YAML syntax",
        "The file is not YAML: a bracket, quote or indentation is wrong at this place.",
        "Mend the syntax at the line and column shown.",
    ),
    FindingCode(
        "AFT102",
        "Tab in the indentation",
        "A line is indented with a tab, which YAML forbids: how far a tab reaches is "
        "anyone's guess.",
        "Indent with spaces.",
    ),
    FindingCode(
        "AFT103",
        "Key twice",
        "A mapping has the same key twice; most YAML readers would silently keep one of the two.",
        "Keep one of the two, or merge what they hold.",
    ),
    FindingCode(
        "AFT104",
        "Key is not text",
        "A mapping's key is a number, true, false, nothing, a list or a mapping.",
        "Put the key in quotes.",
    ),
    FindingCode(
        "AFT105",
        "Anchor, alias or merge key",
        "The file repeats itself by anchors (`&`), aliases (`*`) or merge keys (`<<`). "
        "These can make a small file enormous, and hide from a reviewer what it says.",
        "Write the value where it is needed; values that requests share belong in "
        "_defaults.yaml. Text that begins with `*` or `&` goes in quotes.",
    ),
    FindingCode(
        "AFT106",
        "Second document",
        "The file holds more than one YAML document, separated by `---`.",
        "Give each its own file.",
    ),
    FindingCode(
        "AFT107",
        "No fields",
        "The file is empty, or holds a list or a single value instead of `key: value` lines.",
        "Write the fields, or delete the file.",
    ),
    FindingCode(
        "AFT108",
        "Tag or directive",
        "The file has an explicit type tag (`!…`) or a directive (`%…`), which could change"
        " what its values mean.",
        "Delete it; text that looks like a number goes in quotes, text that begins with `!` too.",
    ),
    FindingCode(
        "AFT109",
        "Not UTF-8 text",
        "The file holds bytes that are not UTF-8, or a character that YAML forbids, at this place.",
        "Save the file as UTF-8 and delete the character.",
    ),
    FindingCode(
        "AFT110",
        "Number out of range",
        "An unquoted number is too large to be kept exactly, infinite, or not a number.",
        "If text is meant, put it in quotes; else write a smaller number.",
    ),
    FindingCode(
        "AFT111",
        "Nested too deep",
        "Mappings and lists are nested more than 32 deep.",
        "Flatten the structure.",
    ),
    FindingCode(
        "AFT112",
        "YAML file too large",
        "A YAML file is larger than 256 KiB, and is not read.",
        "Split it, or keep data that is not configuration elsewhere.",
    ),
    # --- 2xx: a field of any file ---
    FindingCode(
        "AFT201",
        "Unknown key",
        "A key is not one of those the file may have here.",
        "Correct the spelling, or remove the key; `aft schema` lists what is allowed.",
    ),
    FindingCode(
        "AFT202",
        "Wrong type",
        "A value is of another type than expected, such as a number where text is meant.",
        "Write a value of the type the message names; text that looks like a number goes in"
        " quotes.",
    ),
    FindingCode(
        "AFT203",
        "Missing value",
        "A value that is needed is not there, neither in the file nor in defaults that "
        "apply to it.",
        "Write it.",
    ),
    FindingCode(
        "AFT204",
        "Value not allowed",
        "A value is of the right type but breaks a rule: its length, its form, its range, "
        "or the list of allowed values. AWS's own limits are among these rules.",
        "Write a value as the message expects it.",
    ),
    FindingCode(
        "AFT205",
        "Identifier without quotes",
        "A twelve-digit account id, or a number with leading zeros, is written without "
        "quotes. YAML makes a number of it and drops the zeros.",
        "Put it in quotes.",
    ),
    FindingCode(
        "AFT206",
        "Unknown placeholder in defaults",
        "A text in _defaults.yaml has a placeholder that is not known there, or a brace of "
        "its own.",
        "Use {id}, {folder} or {name} (not {name} in the name itself); write {{ and }} for braces.",
    ),
    FindingCode(
        "AFT207",
        "Identity in defaults",
        "A _defaults.yaml has `account_id` or `previously`, which say which single account "
        "a request is.",
        "Write it in the request.",
    ),
    FindingCode(
        "AFT208",
        "Unknown region",
        "A region is not one that aft knows.",
        "Correct the spelling; a region newer than your aft needs a newer aft.",
    ),
    FindingCode(
        "AFT290",
        "Not acted on yet",
        "The file asks for something that belongs to the format but that this version does "
        "not act on. It is refused rather than ignored, so that nobody relies on it.",
        "Take it out until a version acts on it.",
    ),
    # --- 3xx: across requests ---
    FindingCode(
        "AFT301",
        "Request id twice",
        "Two request files have the same name, in whatever folders; the name is the request's id.",
        "Rename one; add `previously` if its account exists already.",
    ),
    FindingCode(
        "AFT302",
        "Request ids differ only by case",
        "Two request files have names that differ only by case, which people and some file "
        "systems cannot tell apart.",
        "Rename one; add `previously` if its account exists already.",
    ),
    FindingCode(
        "AFT303",
        "E-mail address twice",
        "Two requests have the same root e-mail address (case does not count); AWS accepts "
        "each only once.",
        "Give each its own address.",
    ),
    FindingCode(
        "AFT304",
        "Account name twice",
        "Two requests have the same account name.",
        "Give each its own name.",
    ),
    FindingCode(
        "AFT305",
        "Account names differ only by case",
        "Two requests have account names that differ only by case.",
        "Give each a name people can tell apart.",
    ),
    FindingCode(
        "AFT306",
        "OU does not exist",
        "A request names an organizational unit that organization.yaml does not have.",
        "Correct the path, or add the OU to customizations/organization/organization.yaml.",
    ),
    FindingCode(
        "AFT307",
        "Dependency does not exist",
        "`depends_on` names a request that is not in the repository.",
        "Write the id of a request: its file's name without .yaml.",
    ),
    FindingCode(
        "AFT308",
        "Depends on itself",
        "`depends_on` names the request itself.",
        "Take it out.",
    ),
    FindingCode(
        "AFT309",
        "Dependency cycle",
        "Requests wait for each other in a circle, so none of them could begin.",
        "Take one of the dependencies out.",
    ),
    FindingCode(
        "AFT310",
        "Account adopted twice",
        "Two requests adopt the same existing account.",
        "Keep `account_id` in one of them.",
    ),
    FindingCode(
        "AFT311",
        "Baseline does not exist",
        "A request names a baseline that is not in customizations/baselines/.",
        "Correct the name, or add the baseline.",
    ),
    FindingCode(
        "AFT312",
        "Customization does not exist",
        "A request names a customization that is not a folder of customizations/accounts/.",
        "Correct the name, or add the folder.",
    ),
    FindingCode(
        "AFT313",
        "Earlier id is still in use",
        "`previously` names the request itself, or an id that a request still has.",
        "Delete the old file, or take `previously` out.",
    ),
    FindingCode(
        "AFT314",
        "Earlier id claimed twice",
        "Two requests say that they had the same id before.",
        "Keep `previously` in the one that has the account.",
    ),
    FindingCode(
        "AFT315",
        "Baselines tie",
        "Two baselines select a request equally well, and nothing decides between them.",
        "Write `baseline:` in the request, or make the selectors differ.",
    ),
    FindingCode(
        "AFT316",
        "More requests than the quota",
        "There are more requests than accounts the organization may have, by "
        "`limits.accounts` of aft.yaml.",
        "Ask AWS for a higher quota, then raise the limit.",
    ),
    FindingCode(
        "AFT317",
        "Budget without the setting",
        "A request has a budget, and the baseline it gets has no setting `budget`, so nothing "
        "would come of it.",
        "Add `- setting: budget` to the baseline, choose another baseline, or take the budget out.",
    ),
    FindingCode(
        "AFT318",
        "Budget that warns nobody",
        "A request's budget has alerts, but neither subscribers nor an owner to send them to; "
        "AWS keeps no alert without a subscriber.",
        "Add `subscribers` to the budget or an `owner` to the request, or write `alert_at: []`.",
    ),
    FindingCode(
        "AFT330",
        "Not a range of addresses",
        "A network is to be made of a text that is no IPv4 range as AWS takes it for a VPC.",
        "Write a range such as 10.64.16.0/20: its first address, and a size from /16 to /28.",
    ),
    FindingCode(
        "AFT331",
        "Ranges overlap",
        "Two accounts' networks, or a network and a reserved range, have addresses in common, so "
        "they could never be connected.",
        "Give each its own range, or leave it out and let the baseline's pool allocate one.",
    ),
    FindingCode(
        "AFT332",
        "Range outside every pool",
        "aft.yaml says that networks lie in its pools alone, and this range lies in none.",
        "Choose a range inside a pool, or leave it out and have one allocated.",
    ),
    FindingCode(
        "AFT333",
        "No range to use",
        "A baseline makes a network, and nothing says of which addresses: neither the request nor "
        "a pool that exists and is large enough.",
        "Write the range in the request, or a `pool` of aft.yaml in the baseline.",
    ),
    FindingCode(
        "AFT340",
        "Opt-in region is not enabled first",
        "An account governs a region that it must opt in to, and its baseline has a regional "
        "setting before `region-opt-in`, or no `region-opt-in` at all.",
        "List `region-opt-in` in the baseline before its first regional setting.",
    ),
    FindingCode(
        "AFT341",
        "E-mail address in another pull request",
        "Another open change asks for an account with the same e-mail address, but for case. AWS "
        "gives each address to one account.",
        "Agree on who takes another address; `name+suffix@…` often works.",
    ),
    FindingCode(
        "AFT342",
        "Account name in another pull request",
        "Another open change asks for an account with the same name, but for case.",
        "Give each account a name people can tell apart.",
    ),
    FindingCode(
        "AFT343",
        "Account adopted in another pull request",
        "Another open change adopts the same existing account with `account_id`.",
        "An account belongs to one request: agree on which.",
    ),
    FindingCode(
        "AFT344",
        "Addresses in another pull request",
        "Another open change writes a range of addresses that overlaps one of this change.",
        "Give each account's network a range of its own, or let aft allocate them.",
    ),
    FindingCode(
        "AFT345",
        "Request id in another pull request",
        "Another open change adds a request with the same id; only one of the two can be merged.",
        "Agree on who takes another id: it is the file's name without .yaml.",
    ),
    # --- 4xx: the organization, its policies ---
    FindingCode(
        "AFT401",
        "OU named twice",
        "Two organizational units under one parent have the same name; AWS does not tell "
        "names apart by case.",
        "Keep one of the two, with the children of both.",
    ),
    FindingCode(
        "AFT402",
        "OU too deep",
        "An organizational unit is nested deeper than the five levels AWS allows.",
        "Move it up, or merge levels above it.",
    ),
    FindingCode(
        "AFT403",
        "Too many OUs",
        "More organizational units are listed than AWS allows in an organization (2,000).",
        "Merge OUs; policies can hang on single accounts too.",
    ),
    FindingCode(
        "AFT404",
        "Earlier OU name does not fit",
        "`previously` does not name an OU that this one can have been: it is still listed, "
        "used twice, under another parent, or the name it has now.",
        "Write the name the OU had under the same parent, or take the line out once the "
        "rename is done.",
    ),
    FindingCode(
        "AFT405",
        "Removed OU in use",
        "A path under `removed` is also listed as an OU, or is the earlier name of one.",
        "Take it out of one of the two places.",
    ),
    FindingCode(
        "AFT406",
        "OU name",
        "The name or path of an organizational unit is not one that AWS or aft can take.",
        "Use 1 to 128 characters without `/`; write paths as names joined by `/`.",
    ),
    FindingCode(
        "AFT407",
        "Unknown file in organization/",
        "A file below customizations/organization/ is not one that aft reads.",
        "Rename it to organization.yaml, or move it elsewhere.",
    ),
    FindingCode(
        "AFT420",
        "Not a policy document",
        "A policy holds no statements, or other keys at its top than its type has.",
        "Write the elements that the message names.",
    ),
    FindingCode(
        "AFT421",
        "Version of the policy language",
        "`Version` is missing, or is none of the policy language's; it is not a number of "
        "one's own. Without 2012-10-17 policy variables are plain text.",
        'Write `"Version": "2012-10-17"`.',
    ),
    FindingCode(
        "AFT422",
        "Unknown element",
        "A policy or a statement has a key that the policy language does not have.",
        "Correct the spelling, or remove the key.",
    ),
    FindingCode(
        "AFT423",
        "Element missing, or twice",
        "A statement lacks an element that it needs, or has both of two that exclude each "
        "other, such as Action and NotAction.",
        "Write exactly one of those the message names.",
    ),
    FindingCode(
        "AFT424",
        "Element of another type of policy",
        "A statement has an element that this type of policy may not have, such as a "
        "Principal in a service control policy.",
        "Remove it; the hint says what to write instead.",
    ),
    FindingCode(
        "AFT425",
        "Effect",
        "`Effect` is neither Allow nor Deny, or is one that this type of policy may not have: "
        "resource control policies only deny.",
        "Write an effect as the message expects it.",
    ),
    FindingCode(
        "AFT426",
        "Action",
        "An action is not written as service:Action, has a wildcard in the service, is a bare "
        "`*` where that is refused, or belongs to a service on which this type of policy has "
        "no effect.",
        "Write the service, a colon, and the action's name, with `*` and `?` in the name alone.",
    ),
    FindingCode(
        "AFT427",
        "Resource",
        "A resource is neither `*` nor an ARN with its six parts.",
        'Write `"*"`, or an ARN such as arn:aws:s3:::bucket/*.',
    ),
    FindingCode(
        "AFT428",
        "Principal",
        "A principal is not one that exists: an account id, an ARN of IAM or STS without "
        "wildcards, a service principal, or `*`.",
        "Write one of these; a resource control policy has exactly `*`.",
    ),
    FindingCode(
        "AFT429",
        "Condition operator",
        "IAM has no such condition operator.",
        "Correct the spelling; the hint has the closest one.",
    ),
    FindingCode(
        "AFT430",
        "Condition key",
        "A condition key is not written as service:Key, or is a global key that AWS does not "
        "have, so that it would always be absent.",
        "Correct the spelling; wildcards and variables do not stand in keys.",
    ),
    FindingCode(
        "AFT431",
        "Value of a condition",
        "A value is not of the type its operator compares, such as a word where a number is "
        "needed. It would never fit, and under a negated operator the condition would never "
        "hold either.",
        "Write a value of that type.",
    ),
    FindingCode(
        "AFT432",
        "Sid",
        "A statement's `Sid` has other characters than letters and digits, or another "
        "statement has the same.",
        "Give each statement its own, of letters and digits.",
    ),
    FindingCode(
        "AFT433",
        "Policy too long",
        "A policy has more characters, without blanks, than AWS accepts for its type. "
        "`policies.limits` of aft.yaml changes the number when AWS does.",
        "Split it into several policies, or shorten it with wildcards.",
    ),
    FindingCode(
        "AFT434",
        "Set operator that surprises",
        "A key that holds a list has an operator without ForAllValues or ForAnyValue, which "
        "never fits; or a set operator makes an absent key count as a match, or the other way "
        "round.",
        "Write what the hint says, or leave it if it is meant.",
    ),
    FindingCode(
        "AFT435",
        "Policy variable",
        "`${…}` is no policy variable, stands where none may stand, or means itself because "
        "the policy's Version is not 2012-10-17.",
        "Write such as ${aws:username}, in the last part of a Resource or in a value of a "
        "Condition.",
    ),
    FindingCode(
        "AFT436",
        "Value of the wrong kind",
        "An element is empty, or holds something else than text where text is needed.",
        "Write text, or a list of texts.",
    ),
    FindingCode(
        "AFT437",
        "Inheritance operator",
        "A policy has an operator beginning with `@@` that AWS does not have, or gives child "
        "policies a right that does not exist.",
        "Use @@assign, @@append, @@remove and @@operators_allowed_for_child_policies.",
    ),
    # --- 5xx: baselines ---
    FindingCode(
        "AFT501",
        "Unknown setting",
        "A baseline lists a setting that no installed plug-in provides.",
        "Correct the name, or install the package that provides it.",
    ),
    FindingCode(
        "AFT502",
        "Setting listed twice",
        "A baseline lists a setting more than once, so its parameters are ambiguous.",
        "Keep one of the two.",
    ),
    FindingCode(
        "AFT503",
        "Selected OU does not exist",
        "A baseline selects an OU that organization.yaml does not list, or that is no OU path.",
        "Correct the path, or add the OU to organization.yaml.",
    ),
    FindingCode(
        "AFT504",
        "Selected request does not exist",
        "A baseline selects an account request that is not in the repository.",
        "Correct the id, or remove it.",
    ),
    FindingCode(
        "AFT505",
        "Baseline name",
        "The name of a baseline's file cannot be used, or differs from another's only by case.",
        "Rename the file.",
    ),
    FindingCode(
        "AFT506",
        "Unknown file in baselines/",
        "A file below customizations/baselines/ is not a baseline: these are <name>.yaml, "
        "without folders.",
        "Rename, move or delete the file.",
    ),
    FindingCode(
        "AFT507",
        "Parameter invalid for an account",
        "A placeholder such as {name} turns a setting's parameter into a value the setting "
        "cannot take for this account.",
        "Change the parameter in the baseline, or the field of the request that it stands for.",
    ),
    FindingCode(
        "AFT508",
        "Unknown placeholder",
        "A text in a setting's parameters has a placeholder that is not known there, or a "
        "brace of its own.",
        "Use {id}, {name}, {account_id} or {ou_name}; write {{ and }} for braces.",
    ),
    FindingCode(
        "AFT509",
        "Parameter names an unknown request",
        "A setting's parameter names another account by its request, and no request has that id.",
        "Write the id of a request, or an account id: twelve digits in quotes.",
    ),
    FindingCode(
        "AFT510",
        "Accounts wait for each other",
        "Settings of one account need another one first, by a parameter that names it, and that "
        "account waits for the first in turn, by a parameter or by depends_on.",
        "Take out the depends_on, list the settings in the same order in both baselines, or give "
        "one of the two accounts another baseline.",
    ),
    # --- 6xx: customizations ---
    FindingCode(
        "AFT601",
        "Template syntax",
        "A template is not valid Jinja2 at this place.",
        "Mend the syntax at the line shown.",
    ),
    FindingCode(
        "AFT602",
        "Unknown name in a template",
        "A template uses a name, filter or test that templates do not have.",
        "Use account, custom_fields, tags or outputs, or a name the template sets itself.",
    ),
    FindingCode(
        "AFT603",
        "Refused construct in a template",
        "A template includes, imports or extends another file, or uses something aft does not"
        " allow in templates.",
        "Write the content out; templates stand alone.",
    ),
    FindingCode(
        "AFT604",
        "Not a CloudFormation template",
        "A file is not of the shape CloudFormation takes, as far as that can be told without "
        "an account.",
        "Give it a Resources section, and only the sections CloudFormation knows.",
    ),
    FindingCode(
        "AFT605",
        "Value missing for an account",
        "A template uses a custom field, tag, contact or owner that an account which gets the"
        " customization does not have.",
        "Add the value to the request or its _defaults.yaml, or guard it in the template with"
        " `default` or `is defined`.",
    ),
    FindingCode(
        "AFT606",
        "Output that is not there",
        "A template uses the outputs of a step that does not exist or runs later.",
        "Name an earlier step as <customization>/<file name>.",
    ),
    FindingCode(
        "AFT607",
        "Output of another account",
        "A step reads outputs of an account that its own does not depend on, that does not get "
        "the step, or that is none.",
        "Add the other request to `depends_on`, or correct what the step reads.",
    ),
    FindingCode(
        "AFT610",
        "Python syntax",
        "A Python step is not valid Python at this place.",
        "Mend the syntax at the line and column shown.",
    ),
    FindingCode(
        "AFT611",
        "No customize function",
        "A Python step does not define `def customize(context)` at its top level.",
        "Define the function; the account's work goes inside it.",
    ),
    FindingCode(
        "AFT612",
        "Wrong customize function",
        "`customize` does not take exactly one argument, or is a coroutine or generator.",
        "Write `def customize(context):`.",
    ),
    FindingCode(
        "AFT613",
        "Wrong time limit",
        "TIMEOUT_SECONDS of a Python step is not a whole number from 1 to 3,600, written as a"
        " number.",
        "Write `TIMEOUT_SECONDS = 600`, for example.",
    ),
    FindingCode(
        "AFT614",
        "Windows line ends in a script",
        "A shell script ends its lines with CR LF; bash takes the CR for part of each command.",
        "Save the file with LF line ends.",
    ),
    FindingCode(
        "AFT620",
        "Unknown kind of step",
        "A file in a customization is of no kind that an installed runner carries out.",
        "Use .cfn.yaml, .py, .sh or a folder terraform/; let support files begin with `_`, or put "
        "them in a folder of their own.",
    ),
    FindingCode(
        "AFT621",
        "Customization name",
        "The name of a customization's folder or file cannot be used, or differs from "
        "another's only by case.",
        "Use letters, digits, `.`, `_` and `-`.",
    ),
    FindingCode(
        "AFT622",
        "File outside a customization",
        "A file lies where no customization is: these are folders below "
        "customizations/accounts/, and customizations/global/.",
        "Move it into the folder it belongs to, or delete it.",
    ),
    FindingCode(
        "AFT623",
        "Customization without steps",
        "A customization's folder holds no step, so asking for it does nothing.",
        "Add a step, or delete the folder.",
    ),
    FindingCode(
        "AFT630",
        "Parameter of a customization",
        "A request gives a parameter that its customization does not have, of another type or "
        "outside its choices, or lacks one that has no default.",
        "Give the value that the customization's customization.yaml asks for, under "
        "`parameters: {<customization>: {…}}`.",
    ),
    FindingCode(
        "AFT631",
        "Default of a parameter",
        "A parameter's default or choice in customization.yaml is not of the parameter's type.",
        "Change the value or the type.",
    ),
    FindingCode(
        "AFT632",
        "Selection by a customization",
        "A customization selects an OU or a request that does not exist, or selects although "
        "every account gets it.",
        "Correct the name, or take the selection out.",
    ),
    FindingCode(
        "AFT633",
        "Unknown parameter in a step",
        "A step reads a parameter that its customization does not have.",
        "Add it to `parameters` of the folder's customization.yaml, or correct the name.",
    ),
    FindingCode(
        "AFT640",
        "Terraform syntax",
        "A file of a Terraform folder does not parse.",
        "Mend the syntax at the line shown; `terraform fmt` says more.",
    ),
    FindingCode(
        "AFT641",
        "Terraform folder without configuration",
        "A Terraform folder has no .tf or .jinja file, so running it does nothing.",
        "Add one, or delete the folder.",
    ),
    FindingCode(
        "AFT642",
        "Credentials of another account",
        "A customization asks for AFT's profile or role of the management, audit or log archive "
        "account. A customization gets credentials of its own account alone.",
        "Use the profile aft-target, or none; read what other accounts made by `depends_on` and "
        "outputs.",
    ),
    FindingCode(
        "AFT643",
        "No place for Terraform's state",
        "There is a Terraform folder, and aft.yaml does not say where states are kept.",
        "Write `terraform: {backend: …}` in aft.yaml.",
    ),
    FindingCode(
        "AFT644",
        "Two Terraform folders, one state",
        "An account gets two customizations whose terraform/ folders would share AFT's one state "
        "for account customizations, so that each would destroy what the other made.",
        "Write `terraform: {state: own}` in the customization.yaml of one of them.",
    ),
    # --- 7xx: aft.yaml ---
    FindingCode(
        "AFT701",
        "No configuration",
        "There is no aft.yaml at the top of the repository, or it has another name.",
        "Create it; `home_region: eu-central-1` is enough.",
    ),
    FindingCode(
        "AFT702",
        "Region of the configuration",
        "A region of aft.yaml is not one that aft knows, or is in another partition than "
        "the home region.",
        "Correct the spelling; a region newer than your aft needs a newer aft.",
    ),
    FindingCode(
        "AFT703",
        "Region listed twice",
        "A region appears twice in `governed_regions`.",
        "Keep one of the two.",
    ),
    FindingCode(
        "AFT704",
        "Ledger's place",
        "The ledger's branch is not a name git accepts, is the branch the worker watches, "
        "or its remote is empty.",
        "Use a branch of its own, such as aft/ledger.",
    ),
    FindingCode(
        "AFT705",
        "Account provider not installed",
        "`provider` names who creates accounts; no installed package brings a provider of that "
        "name.",
        "Correct the name, or install the package wherever aft runs.",
    ),
    FindingCode(
        "AFT720",
        "Setting of aft.yaml that waits for the merge",
        "The revision changes a section of aft.yaml that says as whom aft acts or where to, and "
        "was looked at with `--config-from`: the value of that trusted revision was used.",
        "Nothing, if it is meant: it takes effect once it is merged. Review it with care.",
    ),
    FindingCode(
        "AFT730",
        "Pool is not a range of its own",
        "A range of `networks` in aft.yaml is no IPv4 range, overlaps another pool, or is reserved "
        "in a pool that does not hold it.",
        "Write a range such as 10.64.0.0/10 that no other pool has.",
    ),
    FindingCode(
        "AFT735",
        "Limit of an unknown policy type",
        "`policies.limits` has a policy type that this version of aft does not know. That is right "
        "for a type newer than your aft, and a spelling mistake otherwise.",
        "Correct the spelling, or leave it.",
    ),
    FindingCode(
        "AFT740",
        "Commit is not signed",
        "`github.require_signatures` is true, and GitHub has not verified the signature of a "
        "commit in the pull request: there is none, or its key or e-mail address is not known.",
        "Sign the commit with a key that its author's GitHub account holds, then push again.",
    ),
    # --- 8xx: the repository's tree ---
    FindingCode(
        "AFT801",
        "Symbolic link",
        "A symbolic link lies where aft reads files. Links are not followed: they could "
        "point anywhere.",
        "Replace it with the file itself.",
    ),
    FindingCode(
        "AFT802",
        "Submodule",
        "A submodule lies where aft reads files. Its content is not part of this "
        "repository's revision.",
        "Copy the files here.",
    ),
    FindingCode(
        "AFT803",
        "Path is not UTF-8",
        "The name of a file or folder is not UTF-8; its odd bytes are shown as \\xNN.",
        "Rename it.",
    ),
    FindingCode(
        "AFT804",
        "File too large",
        "A file below customizations/ is larger than 1 MiB.",
        "Keep large data elsewhere, and fetch it from a step.",
    ),
    FindingCode(
        "AFT805",
        "File name",
        "A file or folder has a name that cannot be a request's id, or that not every "
        "system can check out.",
        "Rename it with letters, digits, '-', '_' and '.'.",
    ),
    FindingCode(
        "AFT806",
        "Wrong suffix",
        "A file looks like a request but does not end in .yaml, so it would not be read.",
        "Rename it to end in .yaml.",
    ),
    FindingCode(
        "AFT807",
        "File that is not read",
        "A file in account-requests/ is neither a request nor defaults nor documentation.",
        "Rename it if it is a request, or move it away.",
    ),
    # --- 9xx: plans and safety ---
    FindingCode(
        "AFT901",
        "Two accounts claim one request",
        "The ledger, the tag `aft:request`, `account_id` and the e-mail address of a "
        "request lead to different accounts. Nothing is done to either.",
        "Correct the `email` or `account_id` of the request, or take the tag off the "
        "account that is not the request's.",
    ),
    FindingCode(
        "AFT902",
        "Account belongs to another request",
        "The account that was found for a request belongs to another one by stronger "
        "evidence, or two requests claim it equally. An account is never shared.",
        "Let only one of the two files ask for the account.",
    ),
    FindingCode(
        "AFT903",
        "Account has left the organization",
        "The ledger knows the request's account, but the organization does not have it "
        "any more. No second account is created in its place.",
        "Bring the account back; or remove the request, apply, and ask for a new account "
        "under another id and e-mail address.",
    ),
    FindingCode(
        "AFT904",
        "Account cannot be worked on",
        "The request's account is suspended, closed, about to be closed, or not activated yet.",
        "Wait for its activation, reopen it through AWS Support, or remove the request.",
    ),
    FindingCode(
        "AFT905",
        "Management account is left alone",
        "A request asks to move or rename the management account, which aft does not do.",
        "Write the `name` and `ou` it has into the request.",
    ),
    FindingCode(
        "AFT906",
        "Protected account is not moved",
        "The request says `protect: true`, so its account stays in its OU whatever `ou` says.",
        "Drop `protect` in a change of its own, then move the account.",
    ),
    FindingCode(
        "AFT907",
        "Account to adopt is not there",
        "`account_id` names an account that is not in the organization.",
        "Correct `account_id`, or invite the account into the organization first.",
    ),
    FindingCode(
        "AFT908",
        "Root e-mail address differs",
        "The account's root e-mail address is not the one the request says. aft does not "
        "change root e-mail addresses.",
        "Change it in the account's settings, or write the account's address into the request.",
    ),
    FindingCode(
        "AFT909",
        "OU is not there",
        "A request's `ou` is neither in the organization nor in organization.yaml.",
        "Correct `ou`, or add the OU to organization.yaml.",
    ),
    FindingCode(
        "AFT910",
        "OU is not empty",
        "An OU listed under `removed` still holds accounts or OUs when the plan is done, "
        "so it is not deleted.",
        "Move what it holds elsewhere, or take the OU off `removed`.",
    ),
    FindingCode(
        "AFT911",
        "OU cannot be renamed",
        "The OU under `previously` cannot become this one: this one exists already, or it "
        "hangs below another parent, and AWS cannot move OUs.",
        "Drop `previously`, move the accounts by their requests, then list the old OU "
        "under `removed`.",
    ),
    FindingCode(
        "AFT912",
        "Setting refuses",
        "A baseline setting was read inside the account and refuses to change it, because "
        "that would hurt what is in use.",
        "Remove the reason in the account, or the setting from the account's baseline.",
    ),
    FindingCode(
        "AFT913",
        "Waits for another request",
        "The request depends on one that nothing can be done for now, so its own changes "
        "are held back.",
        "Settle the other request first.",
    ),
    FindingCode(
        "AFT914",
        "Tag without a request",
        "An account carries the tag `aft:request` of a request that is neither in git nor "
        "in the ledger.",
        "Bring the request's file back, or take the tag off the account.",
    ),
    FindingCode(
        "AFT915",
        "Creation not settled",
        "An account creation was begun for a request whose file is gone since; an account "
        "may exist.",
        "Restore the file and apply, so that the creation is settled; then remove it.",
    ),
    FindingCode(
        "AFT916",
        "Renamed without `previously`",
        "The account found for a request belongs to a request whose file is gone. It is "
        "neither taken over nor forgotten silently.",
        "Add `previously: <old id>` if it is the same request under a new name; otherwise "
        "choose another e-mail address.",
    ),
    FindingCode(
        "AFT917",
        "State is not acted on",
        "The request asks for a state this version of aft does not bring about.",
        "Write `state: active`.",
    ),
    FindingCode(
        "AFT918",
        "Not read by a limited plan",
        "A plan of few requests did not read what would be needed to decide this.",
        "Run a plan of the whole organization.",
    ),
    FindingCode(
        "AFT919",
        "Baseline is ambiguous",
        "Several baselines select the account equally, so it gets none of them, and no "
        "customization either.",
        "Name one of them as `baseline` in the request, or make one selector more particular.",
    ),
    FindingCode(
        "AFT920",
        "Setting does not fit the account",
        "A baseline setting cannot take its parameters once their placeholders are filled in for "
        "this account.",
        "Change the parameter, or what its placeholders stand for in the request.",
    ),
    FindingCode(
        "AFT921",
        "Another organization",
        "The ledger knows several accounts, and the organization has none of them: the "
        "credentials or the ledger are most likely not the right ones. Nothing is changed.",
        "Check the credentials and the ledger branch in aft.yaml.",
    ),
    FindingCode(
        "AFT922",
        "Setting could not be read",
        "A deep plan could not read a setting inside an account just now, so nobody can say "
        "whether it is still as it was applied. Nothing is changed there.",
        "Run again; when it stays so, look whether aft's role can be assumed in the account.",
    ),
    FindingCode(
        "AFT923",
        "More to do than a repair does",
        "A repair puts back what changed outside git, and nothing else; the account has other "
        "changes that git asks for and nobody has applied yet.",
        "Apply them with `aft apply`.",
    ),
    FindingCode(
        "AFT930",
        "Pool exhausted",
        "A network pool of aft.yaml has no free range of the size wanted, so the account gets no "
        "network.",
        "Enlarge the pool, add another and name it in the baseline, or ask for a smaller range.",
    ),
    FindingCode(
        "AFT931",
        "Range is taken",
        "The range given for a network overlaps one that another account has, so the network is "
        "not made.",
        "Give another range, or leave it out to have one allocated.",
    ),
    FindingCode(
        "AFT932",
        "Network cannot be seen",
        "The ledger does not know the network of an account, and the account cannot be read now; "
        "until it can, it gets no range, for it may have one.",
        "Run again; when the account stays unreadable, look at its role.",
    ),
    FindingCode(
        "AFT940",
        "Customization removed",
        "An account does not get a customization's step any more. What it made stays where it is, "
        "and aft forgets it.",
        "Nothing, if that is meant. To have it destroyed, write `on_removal: destroy` in the "
        "customization's customization.yaml and apply, before it is removed.",
    ),
    FindingCode(
        "AFT941",
        "Terraform state changes hands",
        "A customization that an account does not get any more and one that it gets instead keep "
        "their Terraform state under the same key, as in AFT: Terraform destroys what the new one "
        "does not have.",
        "Give one of them `terraform: {state: own}` in its customization.yaml, if that is not "
        "meant.",
    ),
    FindingCode(
        "AFT942",
        "Output missing in another account",
        "A step reads an output of another account's step that was run and did not leave it.",
        "Correct the name of the output, or let the other step leave it.",
    ),
    FindingCode(
        "AFT943",
        "No customization in the management account",
        "A request adopts the management account, and customizations would run there with its "
        "credentials.",
        "Make the changes there by other means; baseline settings do work there.",
    ),
    FindingCode(
        "AFT950",
        "Too many changes",
        "The plan has more changes of one kind than the limit in aft.yaml allows for one "
        "run. Nothing is applied.",
        "Do it in smaller steps, or add the exception that the message shows to `limits.allow`.",
    ),
    FindingCode(
        "AFT952",
        "Protected account in a plan",
        "The plan would move or forget the account of a request that says `protect: true`.",
        "Drop `protect` in a change of its own, then make a new plan.",
    ),
    FindingCode(
        "AFT953",
        "Management account in a plan",
        "The plan would move or rename the management account.",
        "Make a new plan; aft does neither.",
    ),
    FindingCode(
        "AFT954",
        "Account quota exceeded",
        "The accounts the organization has and those the plan creates are more than "
        "`limits.accounts`.",
        "Ask AWS for a higher quota, then raise `limits.accounts`.",
    ),
    FindingCode(
        "AFT955",
        "Could lock aft out",
        "The plan would move or forget the account that holds the role aft works with.",
        "Do it by hand, or use a role of another account.",
    ),
)

FINDING_CODES: Mapping[str, FindingCode] = {entry.code: entry for entry in _ALL}
