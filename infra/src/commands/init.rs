//! `infra init`: creates a fork's settings from the git remote and a few questions.

use std::path::Path;

use anyhow::Result;

use super::git::Checkout;
use super::settings as files;
use crate::cli::{Global, Init};
use crate::compose_file;
use crate::console::{Console, Style};
use crate::exit::{ExitStatus, Failure};
use crate::service::{APP_DOCKERFILE, APP_PORT, Service};
use crate::settings::first::{self, Answer, NO_DOMAIN, Question};
use crate::settings::{GitHubRepository, Mistake, Settings, SettingsError};

/// Asks, fills in the answers and writes the file.
pub(super) fn run(arguments: &Init, global: &Global, console: &Console) -> Result<ExitStatus> {
    let file = files::file(global)?;
    let begun = existing(&file)?;
    let folder = file
        .parent()
        .filter(|parent| !parent.as_os_str().is_empty())
        .unwrap_or_else(|| Path::new("."));
    let checkout = Checkout::of(folder);
    let repository = repository(&checkout, console);
    let answers = if console.is_interactive() {
        let Some(answers) = ask(arguments, repository.as_ref(), &checkout, console)? else {
            console.info("no file written");
            return Ok(ExitStatus::Declined);
        };
        answers
    } else {
        conclude(arguments, repository.as_ref(), &checkout)?
    };
    let text = first::fill(begun.as_deref().unwrap_or(first::FIRST), &answers);
    if let Err(mistakes) = Settings::parse(&text) {
        let invalid = SettingsError::Invalid { file, mistakes };
        return Err(Failure::new(ExitStatus::SettingsInvalid, invalid.to_string())
            .hint("your answers are valid; correct these settings, then run `infra init` again")
            .into());
    }
    write(&file, &text, begun.is_some())?;
    let filled = if begun.is_some() { "filled in" } else { "written" };
    console.info(format_args!("{}: {filled}", file.display()));
    if let Ok(settings) = Settings::parse(&text) {
        write_generated(&file, settings.local_service(), console)?;
    }
    advise(&answers, &checkout, console);
    Ok(ExitStatus::Done)
}

/// Returns the text of an existing file with placeholders. Fails if the file is already filled in.
fn existing(file: &Path) -> Result<Option<String>> {
    let text = match fs_err::read_to_string(file) {
        Ok(text) => text,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(error.into()),
    };
    let waits = match Settings::parse(&text) {
        Ok(settings) => !settings.placeholders().is_empty(),
        // Other errors are reported after the placeholders are replaced.
        Err(_) => text.contains("\"OWNER\"") && text.contains("\"NAME\""),
    };
    if waits {
        return Ok(Some(text));
    }
    Err(Failure::failed(format!(
        "{} already exists and is filled in",
        file.display()
    ))
    .hint("edit it: infra/infra.example.toml documents every setting, `infra check --offline` validates it")
    .hint("`infra --config FILE init` creates another file")
    .into())
}

/// Returns the GitHub repository of the remote. Warns if the remote is not on GitHub.
fn repository(checkout: &Checkout, console: &Console) -> Option<GitHubRepository> {
    let (name, address) = checkout.remote.as_ref()?;
    match GitHubRepository::of_remote(address) {
        Ok(repository) => Some(repository),
        Err(error) => {
            console.warn(format_args!("cannot use git remote `{name}`: {error}"));
            None
        }
    }
}

/// Returns the option that sets the answer.
fn option(question: Question) -> &'static str {
    match question {
        Question::ProjectName => "--project-name",
        Question::Owner => "--github-owner",
        Question::Repository => "--github-repository",
        Question::DevBranch => "--dev-branch",
        Question::ProdBranch => "--prod-branch",
        Question::Email => "--email",
        Question::Dockerfile => "--dockerfile",
        Question::Port => "--app-port",
        Question::HealthPath => "--health-path",
        Question::Domain => "--domain",
        Question::HostedZone => "--hosted-zone",
    }
}

fn given(arguments: &Init, question: Question) -> Option<&str> {
    match question {
        Question::ProjectName => arguments.project_name.as_deref(),
        Question::Owner => arguments.github_owner.as_deref(),
        Question::Repository => arguments.github_repository.as_deref(),
        Question::DevBranch => arguments.dev_branch.as_deref(),
        Question::ProdBranch => arguments.prod_branch.as_deref(),
        Question::Email => arguments.email.as_deref(),
        Question::Dockerfile => arguments.dockerfile.as_deref(),
        Question::Port => arguments.app_port.as_deref(),
        Question::HealthPath => arguments.health_path.as_deref(),
        Question::Domain => arguments.domain.as_deref(),
        Question::HostedZone => arguments.hosted_zone.as_deref(),
    }
}

/// Returns the default answer. There is none for the e-mail address.
fn default(
    question: Question,
    repository: Option<&GitHubRepository>,
    checkout: &Checkout,
    answers: &[Answer],
) -> Option<String> {
    match question {
        Question::ProjectName => Some("penguin-school".to_owned()),
        Question::Owner => repository.map(|repository| repository.owner.clone()),
        Question::Repository => repository.map(|repository| repository.name.clone()),
        Question::DevBranch => Some("dev".to_owned()),
        Question::ProdBranch => Some(checkout.main_branch().to_owned()),
        Question::Email => None,
        Question::Dockerfile => Some(APP_DOCKERFILE.to_owned()),
        Question::Port => Some(APP_PORT.to_string()),
        Question::HealthPath => Some("/".to_owned()),
        Question::Domain => Some(NO_DOMAIN.to_owned()),
        Question::HostedZone => domain(answers).map(|domain| first::likely_zone(domain).to_owned()),
    }
}

/// Returns the domain that was answered, if any.
fn domain(answers: &[Answer]) -> Option<&str> {
    let mut domains = answers
        .iter()
        .filter(|(question, _)| *question == Question::Domain);
    domains
        .next()
        .map(|(_, answer)| answer.as_str())
        .filter(|answer| *answer != NO_DOMAIN)
}

/// Returns whether a question is asked: the site of this repository has its own health check, and only a domain has a zone.
fn arises(question: Question, arguments: &Init, answers: &[Answer]) -> bool {
    if question == Question::HostedZone {
        return arguments.hosted_zone.is_some() || domain(answers).is_some();
    }
    question != Question::HealthPath
        || arguments.health_path.is_some()
        || answers
            .iter()
            .any(|(other, answer)| *other == Question::Dockerfile && answer != APP_DOCKERFILE)
}

fn prompt(question: Question) -> &'static str {
    match question {
        Question::ProjectName => "Project name (prefix of AWS resource names)",
        Question::Owner => "GitHub owner",
        Question::Repository => "GitHub repository",
        Question::DevBranch => "Branch deployed to dev on every push",
        Question::ProdBranch => "Branch for releases",
        Question::Email => "E-mail address for approval requests",
        Question::Dockerfile => "Dockerfile of the app",
        Question::Port => "Port of the app",
        Question::HealthPath => "Path that answers 200 once the app is ready",
        Question::Domain => "Domain of prod, with a hosted zone in Route 53 (for HTTPS)",
        Question::HostedZone => "Hosted zone of the domain, name or ID",
    }
}

/// Answers from options and remote only. Reports all missing and invalid answers at once.
fn conclude(
    arguments: &Init,
    repository: Option<&GitHubRepository>,
    checkout: &Checkout,
) -> Result<Vec<Answer>> {
    let (mut answers, mut missing) = (Vec::new(), Vec::new());
    for question in Question::ALL {
        if !arises(question, arguments, &answers) {
            continue;
        }
        match given(arguments, question)
            .map(str::to_owned)
            .or_else(|| default(question, repository, checkout, &answers))
        {
            Some(answer) => answers.push((question, answer)),
            None => missing.push(question),
        }
    }
    let objections = objections(&answers);
    if missing.is_empty() && objections.is_empty() {
        return Ok(answers);
    }
    let mut problems = Vec::new();
    if !missing.is_empty() {
        let options: Vec<_> = missing.iter().map(|question| option(*question)).collect();
        problems.push(format!("{}: required without a terminal", options.join(", ")));
    }
    problems.extend(objections.iter().map(|(question, mistake)| {
        let option = option(*question);
        format!("{option}: {}", sentence(mistake))
    }));
    let problems = problems.join("\n  ");
    Err(Failure::new(
        ExitStatus::Usage,
        format!("cannot write the settings\n  {problems}"),
    )
    .into())
}

/// Returns invalid answers, checked alone and then together.
fn objections(answers: &[Answer]) -> Vec<(Question, Mistake)> {
    let mut found: Vec<_> = answers
        .iter()
        .filter_map(|(question, answer)| Some((*question, first::check_answer(*question, answer)?)))
        .collect();
    if found.is_empty() {
        let mut answers = answers.to_vec();
        // Asked after the Dockerfile that needs it.
        if !answers
            .iter()
            .any(|(question, _)| *question == Question::HealthPath)
        {
            answers.push((Question::HealthPath, "/".to_owned()));
        }
        // Asked after the domain.
        if let Some(domain) = domain(&answers).map(str::to_owned)
            && !answers
                .iter()
                .any(|(question, _)| *question == Question::HostedZone)
        {
            answers.push((Question::HostedZone, domain));
        }
        let mistakes = Settings::parse(&first::fill(first::FIRST, &answers))
            .err()
            .unwrap_or_default();
        found.extend(mistakes.into_iter().filter_map(|mistake| {
            let question = Question::ALL
                .into_iter()
                .find(|question| question.key() == mistake.key)?;
            Some((question, mistake))
        }));
    }
    found
}

fn sentence(mistake: &Mistake) -> String {
    match &mistake.remedy {
        Some(remedy) => format!("{mistake}; {remedy}"),
        None => mistake.to_string(),
    }
}

/// Asks for answers that no option gives, until they are valid. `None`: the input was closed.
fn ask(
    arguments: &Init,
    repository: Option<&GitHubRepository>,
    checkout: &Checkout,
    console: &Console,
) -> Result<Option<Vec<Answer>>> {
    let mut answers: Vec<Answer> = Vec::new();
    for question in Question::ALL {
        if !arises(question, arguments, &answers) {
            continue;
        }
        let mut given = given(arguments, question).map(str::to_owned);
        let default = default(question, repository, checkout, &answers)
            .or_else(|| checkout.email.clone().filter(|_| question == Question::Email));
        loop {
            let answer = match given.take() {
                Some(answer) => answer,
                None => match console.ask(prompt(question), default.as_deref())? {
                    Some(answer) => answer,
                    None => return Ok(None),
                },
            };
            answers.push((question, answer));
            let objection = match objections(&answers)
                .into_iter()
                .find(|(about, _)| *about == question)
            {
                Some((_, mistake)) => mistake,
                // If two answers conflict, the later one is asked again.
                None => match objections(&answers).into_iter().next() {
                    Some((_, mistake)) => mistake,
                    None => break,
                },
            };
            answers.pop();
            let paint = console.paint_err();
            console.write_err(format_args!(
                "  {}\n",
                paint.apply(Style::Yellow, &sentence(&objection))
            ));
        }
    }
    Ok(Some(answers))
}

/// Writes `docker-compose.yml` and `.env.example` anew, if they are generated files that the answers change.
fn write_generated(settings: &Path, service: &Service, console: &Console) -> Result<()> {
    let compose = settings.with_file_name("docker-compose.yml");
    let generated = fs_err::read_to_string(&compose).is_ok_and(|text| text.contains(compose_file::GENERATED));
    let files = [
        (compose, generated.then(|| compose_file::render(service))),
        (
            settings.with_file_name(compose_file::ENV_EXAMPLE),
            compose_file::env_example(service),
        ),
    ];
    for (file, text) in files {
        let Some(text) = text else { continue };
        if fs_err::read_to_string(&file).ok().as_ref() != Some(&text) {
            fs_err::write(&file, text)?;
            console.info(format_args!("{}: written", file.display()));
        }
    }
    Ok(())
}

/// Writes the file atomically.
fn write(file: &Path, text: &str, replaces: bool) -> Result<()> {
    // Replace the target of a symbolic link, not the link.
    let file = &if replaces {
        fs_err::canonicalize(file)?
    } else {
        file.to_owned()
    };
    let beside = file.with_extension(format!("toml.{}", std::process::id()));
    let written = fs_err::write(&beside, text).and_then(|()| {
        if replaces {
            fs_err::set_permissions(&beside, fs_err::metadata(file)?.permissions())?;
            return fs_err::rename(&beside, file);
        }
        // Unlike rename, this fails if the file exists by now.
        fs_err::hard_link(&beside, file)?;
        fs_err::remove_file(&beside)
    });
    if written.is_err() {
        let _ = fs_err::remove_file(&beside);
    }
    Ok(written?)
}

/// Prints the next steps.
fn advise(answers: &[Answer], checkout: &Checkout, console: &Console) {
    let branches = answers
        .iter()
        .filter(|(question, _)| matches!(question, Question::DevBranch | Question::ProdBranch));
    for (_, branch) in branches {
        if checkout.remote.is_some() && !checkout.branches.contains(branch) {
            console.hint(format_args!(
                "branch `{branch}` does not exist yet; create it with `git push {} HEAD:{branch}`",
                checkout.remote.as_ref().map_or("origin", |(name, _)| name)
            ));
        }
    }
    console.hint("validate with `infra check --offline`; list the stacks with `infra list`");
    console.hint("first deployment: `infra deploy Foundation clusters`");
}
