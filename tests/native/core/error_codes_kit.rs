//! Finds the error codes that the sources make.
//!
//! A code is what is given to a parameter named `code`: of `Problem::new`, `ApiError::new`, `DeliveryError::config`, and of
//! every helper in front of them. So a new constructor is found by itself. A code that is put together at run time is
//! written with `*` for the part that varies.

use proc_macro2::{TokenStream, TokenTree};
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::PathBuf;
use syn::punctuated::Punctuated;
use syn::visit::{self, Visit};
use syn::{
    Expr, FnArg, ImplItemFn, ItemConst, ItemFn, ItemImpl, ItemMod, Lit, Local, Member, Pat, Signature, Token,
    Visibility,
};

/// Files in which a `code` is no error: reasons of a decision, kinds of events, codes of data.
/// `docs/ROSTER.md` has those of the roster.
const NO_ERRORS: [&str; 9] = [
    "crates/core/src/audit/event.rs",
    "crates/core/src/decision/attempts.rs",
    "crates/core/src/decision/plan.rs",
    "crates/core/src/decision/record.rs",
    "crates/core/src/decision/wording.rs",
    "crates/core/src/enrichment/provider/transform.rs",
    "crates/core/src/roster/eligibility.rs",
    "crates/core/src/roster/needs.rs",
    "crates/core/src/roster/reason.rs",
];

/// Functions whose `code` is not made there but read, or is the name of a job in the log.
const NO_MAKERS: [(&str, &str); 6] = [
    ("crates/core/src/crm/hubspot/errors.rs", "is"),
    ("crates/core/src/enrichment/website/page.rs", "entity"),
    ("crates/core/src/form/mod.rs", "in_words"),
    ("crates/core/src/notify/make.rs", "is_own"),
    ("crates/core/src/rubric/read.rs", "has_nameless"),
    ("src/queues/consumer.rs", "answer"),
];

/// Files that hand on codes out of a pattern, which were made elsewhere.
const HANDED_ON: [&str; 1] = ["src/http/webhooks.rs"];

/// How many local variables are followed one into the other.
const LOCALS_DEEP: u8 = 3;

/// Variants that carry nothing but a code.
const CODE_VARIANTS: [&str; 4] = ["Fetched::Nothing", "Fetched::Broken", "Fetched::Later", "Fetched::Misconfigured"];

pub fn root() -> PathBuf {
    PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../.."))
}

/// The sources without their tests, by name.
fn sources() -> BTreeMap<String, syn::File> {
    let mut found = BTreeMap::new();
    let mut open = vec![root().join("src"), root().join("crates")];
    while let Some(path) = open.pop() {
        for entry in fs::read_dir(&path).unwrap().map(|entry| entry.unwrap().path()) {
            let name = entry.strip_prefix(root()).unwrap().to_string_lossy().into_owned();
            if entry.is_dir() {
                open.push(entry);
            } else if name.ends_with(".rs") && !name.ends_with("tests.rs") {
                found.insert(name, syn::parse_file(&fs::read_to_string(&entry).unwrap()).unwrap());
            }
        }
    }
    assert!(found.len() > 200);
    found
}

/// A function that takes a code.
#[derive(Debug, Clone)]
struct Maker {
    file: String,
    name: String,
    /// Type that it belongs to.
    owner: Option<String>,
    /// Whether other files can call it.
    is_public: bool,
    /// Place of the code among the arguments, without the receiver.
    place: usize,
    /// How many arguments there are, without the receiver.
    count: usize,
}

/// First pass: functions that take a code, and constants that may be one.
#[derive(Default)]
struct Makers {
    file: String,
    owner: Option<String>,
    found: Vec<Maker>,
    /// Every function by its file, makers or not.
    names: BTreeSet<(String, String)>,
    constants: BTreeMap<(String, String), String>,
}

impl Makers {
    fn add(&mut self, name: String, is_public: bool, arguments: &[Option<String>]) {
        self.names.insert((self.file.clone(), name.clone()));
        let place = arguments.iter().position(|name| name.as_deref() == Some("code"));
        if let Some(place) = place.filter(|_| !NO_MAKERS.contains(&(self.file.as_str(), name.as_str()))) {
            let (file, owner) = (self.file.clone(), self.owner.clone());
            self.found.push(Maker { file, name, owner, is_public, place, count: arguments.len() });
        }
    }

    fn function(&mut self, signature: &Signature, visibility: &Visibility) {
        let name = |argument: &FnArg| match argument {
            FnArg::Receiver(_) => None,
            FnArg::Typed(typed) => Some(name_of(&typed.pat)),
        };
        let is_public = !matches!(visibility, Visibility::Inherited);
        let names: Vec<Option<String>> = signature.inputs.iter().filter_map(name).collect();
        self.add(signature.ident.to_string(), is_public, &names);
    }
}

fn name_of(pattern: &Pat) -> Option<String> {
    match pattern {
        Pat::Ident(ident) => Some(ident.ident.to_string()),
        Pat::Type(typed) => name_of(&typed.pat),
        _ => None,
    }
}

fn is_test(attributes: &[syn::Attribute]) -> bool {
    attributes.iter().any(|attribute| {
        attribute.path().is_ident("cfg")
            && attribute.meta.require_list().is_ok_and(|it| it.tokens.to_string() == "test")
    })
}

fn type_name(kind: &syn::Type) -> Option<String> {
    let syn::Type::Path(path) = kind else { return None };
    path.path.segments.last().map(|segment| segment.ident.to_string())
}

impl<'ast> Visit<'ast> for Makers {
    fn visit_item_mod(&mut self, module: &'ast ItemMod) {
        if !is_test(&module.attrs) {
            visit::visit_item_mod(self, module);
        }
    }

    fn visit_item_impl(&mut self, block: &'ast ItemImpl) {
        self.owner = type_name(&block.self_ty);
        visit::visit_item_impl(self, block);
        self.owner = None;
    }

    fn visit_item_fn(&mut self, function: &'ast ItemFn) {
        self.function(&function.sig, &function.vis);
        visit::visit_item_fn(self, function);
    }

    fn visit_impl_item_fn(&mut self, function: &'ast ImplItemFn) {
        self.function(&function.sig, &function.vis);
        visit::visit_impl_item_fn(self, function);
    }

    fn visit_local(&mut self, local: &'ast Local) {
        if let (Some(name), Some(Expr::Closure(closure))) =
            (name_of(&local.pat), local.init.as_ref().map(|it| &*it.expr))
        {
            let owner = self.owner.take();
            self.add(name, false, &closure.inputs.iter().map(name_of).collect::<Vec<_>>());
            self.owner = owner;
        }
        visit::visit_local(self, local);
    }

    fn visit_item_const(&mut self, item: &'ast ItemConst) {
        if let Expr::Lit(literal) = &*item.expr
            && let Lit::Str(text) = &literal.lit
            && is_code(&text.value())
        {
            self.constants.insert((self.file.clone(), item.ident.to_string()), text.value());
        }
    }
}

/// Second pass: what is given to them.
struct Codes<'a> {
    makers: &'a Makers,
    file: String,
    owner: Option<String>,
    /// The function around, with its parameters.
    function: Vec<(Signature, syn::Block)>,
    found: BTreeMap<String, BTreeSet<String>>,
    unclear: Vec<String>,
}

impl Codes<'_> {
    /// The maker to which a call by this path, or of this method, goes.
    fn maker(&self, segments: &[String], count: usize, is_method: bool) -> Option<&Maker> {
        let (name, before) = segments.split_last()?;
        let owner = before.last().map(|owner| if owner == "Self" { self.owner.clone() } else { Some(owner.clone()) });
        let is_of_owner = |maker: &Maker| match (&owner, is_method) {
            (Some(owner), _) => {
                let is_module = |owner: &String| maker.owner.is_none() && maker.file.contains(&format!("/{owner}"));
                maker.owner == *owner || owner.as_ref().is_some_and(is_module)
            }
            (None, true) => maker.owner.is_some(),
            (None, false) => maker.owner.is_none(),
        };
        let fits = |maker: &&Maker| maker.name == *name && maker.count == count && is_of_owner(maker);
        let is_here = |maker: &&Maker| maker.file == self.file;
        let is_shadowed = owner.is_none() && self.makers.names.contains(&(self.file.clone(), name.clone()));
        let mut makers = self.makers.found.iter().filter(fits);
        let elsewhere =
            || self.makers.found.iter().filter(fits).find(|maker| owner.is_some() || (maker.is_public && !is_shadowed));
        makers.find(is_here).or_else(elsewhere)
    }

    fn call(&mut self, segments: &[String], arguments: &[&Expr], is_method: bool) {
        let Some(maker) = self.maker(segments, arguments.len(), is_method) else { return };
        if NO_ERRORS.contains(&maker.file.as_str()) {
            return;
        }
        let is_elsewhere = is_method && maker.file != self.file;
        let argument = arguments[maker.place];
        let codes = self.codes_of(argument);
        match codes {
            Some(codes) => codes.into_iter().for_each(|code| self.note(code)),
            // A method of the same name, of another type.
            None if is_elsewhere || HANDED_ON.contains(&self.file.as_str()) => {}
            None => self.unclear.push(format!("{}: {}", self.file, segments.join("::"))),
        }
    }

    fn note(&mut self, code: String) {
        self.found.entry(code).or_default().insert(self.file.clone());
    }

    /// The codes that an expression can be; empty when it is handed on, `None` when that is not clear.
    fn codes_of(&self, expression: &Expr) -> Option<Vec<String>> {
        self.codes_within(expression, LOCALS_DEEP)
    }

    fn codes_within(&self, expression: &Expr, deep: u8) -> Option<Vec<String>> {
        let mut literals = Literals { codes: Vec::new(), names: Vec::new() };
        literals.visit_expr(expression);
        let constant = |name: &String| {
            let constants = &self.makers.constants;
            let here = constants.get(&(self.file.clone(), name.clone()));
            here.or_else(|| constants.iter().find(|((_, other), _)| other == name).map(|(_, value)| value)).cloned()
        };
        let mut codes = literals.codes;
        codes.extend(literals.names.iter().filter_map(constant));
        if !codes.is_empty() {
            return Some(codes);
        }
        let name = literals.names.last()?;
        if [".code", ".port"].contains(&name.as_str()) || (name == "code" && !self.is_local(name)) {
            return Some(codes);
        }
        let (signature, block) = self.function.last()?;
        let is_parameter = signature
            .inputs
            .iter()
            .any(|it| matches!(it, FnArg::Typed(typed) if name_of(&typed.pat).as_ref() == Some(name)));
        let mut local = LocalOf { name, found: None };
        local.visit_block(block);
        match local.found {
            Some(init) => self.codes_within(&init, deep.checked_sub(1)?),
            None => is_parameter.then_some(codes),
        }
    }

    fn is_local(&self, name: &str) -> bool {
        let Some((_, block)) = self.function.last() else { return false };
        let mut local = LocalOf { name, found: None };
        local.visit_block(block);
        local.found.is_some()
    }

    fn inside(&mut self, signature: &Signature, block: &syn::Block, visit: impl FnOnce(&mut Self)) {
        if signature.ident == "code" && !NO_ERRORS.contains(&self.file.as_str()) {
            let mut literals = Literals { codes: Vec::new(), names: Vec::new() };
            literals.visit_block(block);
            literals.codes.into_iter().for_each(|code| self.note(code));
        }
        self.function.push((signature.clone(), block.clone()));
        visit(self);
        self.function.pop();
    }
}

/// Literals that may be codes, and the last names of paths, fields and methods.
struct Literals {
    codes: Vec<String>,
    names: Vec<String>,
}

fn is_code(text: &str) -> bool {
    let is_letter = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_' || byte == b'*';
    text.len() > 2 && text.bytes().all(is_letter)
}

impl<'ast> Visit<'ast> for Literals {
    fn visit_expr_lit(&mut self, literal: &'ast syn::ExprLit) {
        if let Lit::Str(text) = &literal.lit
            && is_code(&text.value())
        {
            self.codes.push(text.value());
        }
    }

    fn visit_expr_call(&mut self, call: &'ast syn::ExprCall) {
        // The vendor's own code behind a prefix.
        if let (Expr::Path(path), Some(Expr::Lit(literal))) = (&*call.func, call.args.first())
            && path.path.segments.last().is_some_and(|segment| segment.ident == "code_of")
            && let Lit::Str(prefix) = &literal.lit
        {
            return self.codes.push(format!("{}_*", prefix.value()));
        }
        visit::visit_expr_call(self, call);
    }

    fn visit_macro(&mut self, call: &'ast syn::Macro) {
        if call.path.is_ident("format")
            && let Ok(text) = call.parse_body_with(|input: syn::parse::ParseStream<'_>| {
                let text: syn::LitStr = input.parse()?;
                input.parse::<TokenStream>().map(|_| text.value())
            })
        {
            let parts = text.split('{').map(|part| part.split_once('}').map_or(part, |(_, after)| after));
            let pattern = parts.collect::<Vec<_>>().join("*");
            if is_code(&pattern) {
                self.codes.push(pattern);
            }
        }
    }

    fn visit_expr_path(&mut self, path: &'ast syn::ExprPath) {
        self.names.extend(path.path.segments.last().map(|segment| segment.ident.to_string()));
    }

    fn visit_expr_field(&mut self, field: &'ast syn::ExprField) {
        visit::visit_expr_field(self, field);
        if let Member::Named(name) = &field.member {
            self.names.push(format!(".{name}"));
        }
    }

    fn visit_expr_method_call(&mut self, call: &'ast syn::ExprMethodCall) {
        visit::visit_expr_method_call(self, call);
        if call.method == "code" {
            self.names.push(".code".to_owned());
        }
    }
}

/// What a local variable of this name is set to; the last one counts.
struct LocalOf<'a> {
    name: &'a str,
    found: Option<Expr>,
}

impl<'ast> Visit<'ast> for LocalOf<'_> {
    fn visit_local(&mut self, local: &'ast Local) {
        let is_it = |pattern: &Pat| name_of(pattern).as_deref() == Some(self.name);
        let init = local.init.as_ref().map(|init| &*init.expr).filter(|init| !matches!(init, Expr::Closure(_)));
        if let (Pat::Tuple(tuple), Some(init)) = (&local.pat, init)
            && let Some(place) = tuple.elems.iter().position(is_it)
        {
            let mut tuples = Tuples { place, len: tuple.elems.len(), found: Punctuated::new() };
            tuples.visit_expr(init);
            let (attrs, bracket_token, elems) = (Vec::new(), syn::token::Bracket::default(), tuples.found);
            self.found = Some(Expr::Array(syn::ExprArray { attrs, bracket_token, elems }));
        } else if is_it(&local.pat) {
            self.found = init.cloned().or_else(|| self.found.take());
        }
        visit::visit_local(self, local);
    }
}

/// One place of every tuple of a length.
struct Tuples {
    place: usize,
    len: usize,
    found: Punctuated<Expr, Token![,]>,
}

impl<'ast> Visit<'ast> for Tuples {
    fn visit_expr_tuple(&mut self, tuple: &'ast syn::ExprTuple) {
        if tuple.elems.len() == self.len {
            self.found.extend(tuple.elems.iter().nth(self.place).cloned());
        }
    }
}

impl<'ast> Visit<'ast> for Codes<'_> {
    fn visit_item_mod(&mut self, module: &'ast ItemMod) {
        if !is_test(&module.attrs) {
            visit::visit_item_mod(self, module);
        }
    }

    fn visit_item_impl(&mut self, block: &'ast ItemImpl) {
        self.owner = type_name(&block.self_ty);
        visit::visit_item_impl(self, block);
        self.owner = None;
    }

    fn visit_item_fn(&mut self, function: &'ast ItemFn) {
        self.inside(&function.sig, &function.block, |codes| visit::visit_item_fn(codes, function));
    }

    fn visit_impl_item_fn(&mut self, function: &'ast ImplItemFn) {
        self.inside(&function.sig, &function.block, |codes| visit::visit_impl_item_fn(codes, function));
    }

    fn visit_expr_call(&mut self, call: &'ast syn::ExprCall) {
        if let Expr::Path(path) = &*call.func {
            let segments: Vec<String> = path.path.segments.iter().map(|segment| segment.ident.to_string()).collect();
            if CODE_VARIANTS.contains(&segments.join("::").as_str()) {
                let codes: Vec<String> = call.args.iter().filter_map(|it| self.codes_of(it)).flatten().collect();
                codes.into_iter().for_each(|code| self.note(code));
            }
            self.call(&segments, &call.args.iter().collect::<Vec<_>>(), false);
        }
        visit::visit_expr_call(self, call);
    }

    fn visit_expr_method_call(&mut self, call: &'ast syn::ExprMethodCall) {
        self.call(&[call.method.to_string()], &call.args.iter().collect::<Vec<_>>(), true);
        visit::visit_expr_method_call(self, call);
    }

    fn visit_expr_struct(&mut self, value: &'ast syn::ExprStruct) {
        for field in &value.fields {
            let is_code = matches!(&field.member, Member::Named(name) if name == "code");
            let is_other =
                value.path.segments.last().is_some_and(|it| it.ident == "LogLine" || it.ident == "EventDetail");
            if is_code && !is_other && !NO_ERRORS.contains(&self.file.as_str()) {
                self.codes_of(&field.expr).into_iter().flatten().for_each(|code| self.note(code));
            }
        }
        visit::visit_expr_struct(self, value);
    }

    /// What is inside of `vec!`, `json!` and the like.
    fn visit_macro(&mut self, call: &'ast syn::Macro) {
        let arguments = Punctuated::<Expr, Token![,]>::parse_terminated;
        if let Ok(arguments) = call.parse_body_with(arguments) {
            return arguments.iter().for_each(|argument| self.visit_expr(argument));
        }
        let mut open = vec![call.tokens.clone()];
        while let Some(tokens) = open.pop() {
            let mut name: Option<String> = None;
            for token in tokens {
                match token {
                    TokenTree::Ident(ident) => name = Some(ident.to_string()),
                    TokenTree::Group(group) => {
                        let given = syn::parse::Parser::parse2(arguments, group.stream());
                        if let (Some(name), Ok(given)) = (name.take(), given) {
                            self.call(&[name], &given.iter().collect::<Vec<_>>(), false);
                        }
                        open.push(group.stream());
                    }
                    _ => name = None,
                }
            }
        }
    }
}

/// Every error code, with the files that make it.
pub fn made() -> BTreeMap<String, BTreeSet<String>> {
    let sources = sources();
    let mut makers = Makers::default();
    for (name, file) in &sources {
        makers.file.clone_from(name);
        makers.visit_file(file);
    }
    let (found, unclear) = (BTreeMap::new(), Vec::new());
    let mut codes = Codes { makers: &makers, file: String::new(), owner: None, function: Vec::new(), found, unclear };
    for (name, file) in &sources {
        codes.file.clone_from(name);
        codes.visit_file(file);
    }
    assert_eq!(codes.unclear, Vec::<String>::new(), "where does the code come from?");
    codes.found
}
