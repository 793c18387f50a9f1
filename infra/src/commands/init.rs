//! `infra init`: a fork's settings, from the git remote and a few answers.

mod git;

use std::path::Path;

use anyhow::Result;

use super::settings as files;
use crate::cli::{Global, Init};
use crate::console::{Console, Style};
use crate::exit::{ExitStatus, Failure};
use crate::settings::first::{self, Answer, Question};
use crate::settings::{GitHubRepository, Mistake, Settings, SettingsError};
use git::Checkout;

/// Asks, fills in and writes.
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
            console.say("nothing was written");
            return Ok(ExitStatus::Declined);
        };
        answers
    } else {
        conclude(arguments, repository.as_ref())?
    };
    let text = first::fill(begun.as_deref().unwrap_or(first::FIRST), &answers);
    if let Err(mistakes) = Settings::parse(&text) {
        let invalid = SettingsError::Invalid { file, mistakes };
        return Err(Failure::new(ExitStatus::SettingsInvalid, invalid.to_string())
            .hint("the answers are good, and these are not: mend them, then run `infra init` again")
            .into());
    }
    write(&file, &text, begun.is_some())?;
    let filled = if begun.is_some() { "filled in" } else { "written" };
    console.say(format_args!("{}: {filled}", file.display()));
    advise(&answers, &checkout, console);
    Ok(ExitStatus::Done)
}

/// The text of a file that waits to be filled in, if there is a file.
fn existing(file: &Path) -> Result<Option<String>> {
    let text = match fs_err::read_to_string(file) {
        Ok(text) => text,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(error.into()),
    };
    let waits = match Settings::parse(&text) {
        Ok(settings) => !settings.placeholders().is_empty(),
        // Whatever else is wrong with it, it is told once the placeholders are gone.
        Err(_) => text.contains("\"OWNER\"") && text.contains("\"NAME\""),
    };
    if waits {
        return Ok(Some(text));
    }
    Err(Failure::failed(format!(
        "{} is there already, and nothing is overwritten",
        file.display()
    ))
    .hint("edit it: infra/infra.example.toml explains every setting, `infra check --offline` tells mistakes")
    .hint("`infra --config FILE init` writes another one")
    .into())
}

/// The repository that the remote names. What cannot be used is told, since the person may not know.
fn repository(checkout: &Checkout, console: &Console) -> Option<GitHubRepository> {
    let (name, address) = checkout.remote.as_ref()?;
    match GitHubRepository::of_remote(address) {
        Ok(repository) => Some(repository),
        Err(error) => {
            console.warn(format_args!("the git remote `{name}` is of no use here: {error}"));
            None
        }
    }
}

/// The option that answers a question.
fn option(question: Question) -> &'static str {
    match question {
        Question::ProjectName => "--project-name",
        Question::Owner => "--github-owner",
        Question::Repository => "--github-repository",
        Question::DevBranch => "--dev-branch",
        Question::ProdBranch => "--prod-branch",
        Question::Email => "--email",
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
    }
}

/// What an answer is when nobody gives one; an e-mail address is nobody's guess.
fn default(question: Question, repository: Option<&GitHubRepository>) -> Option<String> {
    match question {
        Question::ProjectName => Some("penguin-school".to_owned()),
        Question::Owner => repository.map(|repository| repository.owner.clone()),
        Question::Repository => repository.map(|repository| repository.name.clone()),
        Question::DevBranch => Some("dev".to_owned()),
        Question::ProdBranch => Some("main".to_owned()),
        Question::Email => None,
    }
}

fn words(question: Question) -> &'static str {
    match question {
        Question::ProjectName => "Name of the project, in front of names in AWS",
        Question::Owner => "Owner of the repository on GitHub",
        Question::Repository => "Name of the repository on GitHub",
        Question::DevBranch => "Branch that every push deploys to dev",
        Question::ProdBranch => "Branch that releases are made from",
        Question::Email => "E-mail address that approves releases",
    }
}

/// Answers from the options and from the remote alone: all that is missing and all that is bad is told at once.
fn conclude(arguments: &Init, repository: Option<&GitHubRepository>) -> Result<Vec<Answer>> {
    let (mut answers, mut missing) = (Vec::new(), Vec::new());
    for question in Question::ALL {
        match given(arguments, question)
            .map(str::to_owned)
            .or_else(|| default(question, repository))
        {
            Some(answer) => answers.push((question, answer)),
            None => missing.push(question),
        }
    }
    let objections = objections(&answers);
    if missing.is_empty() && objections.is_empty() {
        return Ok(answers);
    }
    let mut told = Vec::new();
    if !missing.is_empty() {
        let options: Vec<_> = missing.iter().map(|question| option(*question)).collect();
        told.push(format!(
            "{}: missing, and without a terminal nobody can be asked",
            options.join(", ")
        ));
    }
    told.extend(objections.iter().map(|(question, mistake)| {
        let option = option(*question);
        format!("{option}: {}", sentence(mistake))
    }));
    let told = told.join("\n  ");
    Err(Failure::new(
        ExitStatus::Usage,
        format!("the settings cannot be written with these options\n  {told}"),
    )
    .into())
}

/// What the settings say against the answers, and against their company.
fn objections(answers: &[Answer]) -> Vec<(Question, Mistake)> {
    let mut found: Vec<_> = answers
        .iter()
        .filter_map(|(question, answer)| Some((*question, first::objection(*question, answer)?)))
        .collect();
    if found.is_empty() {
        let mistakes = Settings::parse(&first::fill(first::FIRST, answers))
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

/// Asks for what the options do not answer, again and again until the answer is good. `None`: the person left.
fn ask(
    arguments: &Init,
    repository: Option<&GitHubRepository>,
    checkout: &Checkout,
    console: &Console,
) -> Result<Option<Vec<Answer>>> {
    let mut answers: Vec<Answer> = Vec::new();
    for question in Question::ALL {
        let mut given = given(arguments, question).map(str::to_owned);
        let default = default(question, repository)
            .or_else(|| checkout.email.clone().filter(|_| question == Question::Email));
        loop {
            let answer = match given.take() {
                Some(answer) => answer,
                None => match console.ask(words(question), default.as_deref())? {
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
                // Of two that do not go together the second one is asked again, whichever is complained of.
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

/// Writes the file in one step, so that there is all of it or none.
fn write(file: &Path, text: &str, replaces: bool) -> Result<()> {
    let beside = file.with_extension(format!("toml.{}", std::process::id()));
    let written = fs_err::write(&beside, text).and_then(|()| {
        if replaces {
            return fs_err::rename(&beside, file);
        }
        // Unlike a renaming this fails if somebody else has been quicker.
        fs_err::hard_link(&beside, file)?;
        fs_err::remove_file(&beside)
    });
    if written.is_err() {
        // The error that matters is the first one.
        let _ = fs_err::remove_file(&beside);
    }
    Ok(written?)
}

/// What to do next.
fn advise(answers: &[Answer], checkout: &Checkout, console: &Console) {
    let branches = answers
        .iter()
        .filter(|(question, _)| matches!(question, Question::DevBranch | Question::ProdBranch));
    for (_, branch) in branches {
        if checkout.remote.is_some() && !checkout.branches.contains(branch) {
            console.hint(format_args!(
                "the branch `{branch}` is not there yet: `git push {} HEAD:{branch}` makes it",
                checkout.remote.as_ref().map_or("origin", |(name, _)| name)
            ));
        }
    }
    console.hint("`infra check --offline` looks for what would fail later; `infra list` shows the stacks");
    console.hint("`infra deploy Foundation clusters` is the first deployment");
}
