//! Permissions: policies of roles, trust policies and resource policies.

use std::collections::BTreeMap;

use serde_json::Value as Json;

use super::statement::{Grant, Statement};
use super::{Area, Widening, items, properties, subject};
use crate::plan::{entries, kind};

/// Kind of a policy.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Scope {
    /// Permissions of the subject.
    Identity,
    /// Principals that can assume the subject.
    Trust,
    /// Permissions of principals on the subject.
    Resource,
}

/// Statements of a template by subject.
type Policies = BTreeMap<(String, Scope), Vec<Statement>>;

pub(super) fn widening(old: &Json, new: &Json) -> Vec<Widening> {
    let (before, after) = (policies(old), policies(new));
    let none = Vec::new();
    let mut found = Vec::new();
    for ((subject, scope), statements) in &after {
        let olds = before.get(&(subject.clone(), *scope)).unwrap_or(&none);
        for statement in statements.iter().filter(|statement| statement.allows) {
            for grants in missing(statement, olds) {
                found.push(row(subject, *scope, statement, &grants, ""));
            }
        }
        // Removed denials.
        for statement in olds.iter().filter(|statement| !statement.allows) {
            for grants in missing(statement, statements) {
                found.push(row(subject, *scope, statement, &grants, "no longer denied: "));
            }
        }
    }
    for ((subject, scope), olds) in &before {
        // Removed policies of remaining resources.
        let stays = new.pointer(&format!("/Resources/{subject}")).is_some();
        if stays && !after.contains_key(&(subject.clone(), *scope)) {
            for statement in olds.iter().filter(|statement| !statement.allows) {
                let grants: Vec<_> = statement.grants().collect();
                found.push(row(subject, *scope, statement, &grants, "no longer denied: "));
            }
        }
    }
    found.extend(attachments(old, new));
    found
}

/// Returns the grants in `statement` that `others` lack, grouped so that each group is one sentence.
fn missing<'a>(statement: &'a Statement, others: &[Statement]) -> Vec<Vec<Grant<'a>>> {
    let mut by_action: BTreeMap<&str, Vec<Grant<'a>>> = BTreeMap::new();
    for grant in statement.grants() {
        if !others.iter().any(|other| other.covers(statement, &grant)) {
            by_action.entry(grant.action).or_default().push(grant);
        }
    }
    // Group new actions on the same resources.
    let mut groups: BTreeMap<Vec<(&str, &str)>, Vec<Grant<'a>>> = BTreeMap::new();
    for grants in by_action.into_values() {
        let on = grants
            .iter()
            .map(|grant| (grant.principal, grant.resource))
            .collect();
        groups.entry(on).or_default().extend(grants);
    }
    groups.into_values().collect()
}

fn row(subject: &str, scope: Scope, statement: &Statement, grants: &[Grant<'_>], before: &str) -> Widening {
    let list = |part: for<'a> fn(&Grant<'a>) -> &'a str| {
        let mut seen: Vec<&str> = Vec::new();
        for grant in grants {
            let text = part(grant);
            if !text.is_empty() && !seen.contains(&text) {
                seen.push(text);
            }
        }
        seen.join(", ")
    };
    let (who, actions, things) = (
        list(|grant| grant.principal),
        list(|grant| grant.action),
        list(|grant| grant.resource),
    );
    let itself = scope == Scope::Resource && things == "*";
    let on = if things.is_empty() || itself {
        String::new()
    } else {
        format!(" on {things}")
    };
    let sentence = match scope {
        Scope::Identity => format!("may {actions}{on}"),
        Scope::Trust if actions == "sts:AssumeRole" => format!("can be assumed by {who}"),
        Scope::Trust | Scope::Resource => format!("{who} may {actions}{on}"),
    };
    Widening {
        area: Area::Rights,
        resource: subject.to_owned(),
        change: format!("{before}{sentence}{}", statement.if_any()),
        wildcard: Statement::is_wild(grants, scope == Scope::Resource),
    }
}

fn policies(template: &Json) -> Policies {
    let mut found = Policies::new();
    for (id, resource) in entries(template, "Resources") {
        let properties = properties(resource);
        match kind(resource) {
            "AWS::IAM::Role" | "AWS::IAM::User" | "AWS::IAM::Group" => {
                for policy in items(properties.get("Policies")) {
                    collect(&mut found, id, Scope::Identity, policy);
                }
                if let Some(trust) = properties.get("AssumeRolePolicyDocument") {
                    collect(&mut found, id, Scope::Trust, trust);
                }
            }
            "AWS::IAM::Policy" | "AWS::IAM::ManagedPolicy" | "AWS::IAM::RolePolicy" => {
                let holders: Vec<_> = ["Roles", "Users", "Groups", "RoleName"]
                    .into_iter()
                    .flat_map(|key| items(properties.get(key)))
                    .map(subject)
                    .collect();
                let fallback = if holders.is_empty() {
                    Some(id.to_owned())
                } else {
                    None
                };
                for holder in holders.iter().chain(&fallback) {
                    collect(&mut found, holder, Scope::Identity, properties);
                }
            }
            _ => {
                // A separate policy resource belongs to its subjects.
                let about = ["Bucket", "Topics", "Queues", "SecretId"]
                    .into_iter()
                    .flat_map(|key| items(properties.get(key)))
                    .map(subject)
                    .next();
                collect(
                    &mut found,
                    about.as_deref().unwrap_or(id),
                    Scope::Resource,
                    properties,
                );
            }
        }
    }
    found
}

/// Collects all statements in `json`, recursively.
fn collect(found: &mut Policies, subject: &str, scope: Scope, json: &Json) {
    match json {
        Json::Array(items) => items.iter().for_each(|item| collect(found, subject, scope, item)),
        Json::Object(map) => {
            if let Some(statements) = map.get("Statement") {
                found
                    .entry((subject.to_owned(), scope))
                    .or_default()
                    .extend(items(Some(statements)).into_iter().map(Statement::read));
                return;
            }
            map.values()
                .for_each(|value| collect(found, subject, scope, value));
        }
        _ => {}
    }
}

/// Reports attached managed policies and removed permissions boundaries.
fn attachments(old: &Json, new: &Json) -> Vec<Widening> {
    let mut found = Vec::new();
    for (id, resource) in
        entries(new, "Resources").filter(|(_, resource)| kind(resource).starts_with("AWS::IAM::"))
    {
        let before = entries(old, "Resources").find(|(other, _)| *other == id);
        let before = before.map_or(&Json::Null, |(_, resource)| properties(resource));
        let after = properties(resource);
        let had: Vec<_> = items(before.get("ManagedPolicyArns"))
            .into_iter()
            .map(subject)
            .collect();
        for arn in items(after.get("ManagedPolicyArns")).into_iter().map(subject) {
            if !had.contains(&arn) {
                found.push(Widening {
                    area: Area::Rights,
                    resource: id.to_owned(),
                    wildcard: arn.ends_with("AdministratorAccess") || arn.ends_with("FullAccess"),
                    change: format!("gets the permissions of {arn}"),
                });
            }
        }
        let bound = |properties: &Json| properties.get("PermissionsBoundary").map(subject);
        if let Some(lost) = bound(before).filter(|lost| bound(after).as_ref() != Some(lost)) {
            found.push(Widening {
                area: Area::Rights,
                resource: id.to_owned(),
                change: format!("loses the permissions boundary {lost}"),
                wildcard: false,
            });
        }
    }
    found
}
