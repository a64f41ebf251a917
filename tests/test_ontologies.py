"""Ontologies: the same table from every format, what stands below a node, what is kept, and files that mean harm."""

from __future__ import annotations

import json
import socket
import sys
import warnings
from contextlib import suppress
from pathlib import Path
from xml.sax.saxutils import escape

import pytest
from checking import HEAD, program
from hypothesis import given, settings
from hypothesis import strategies as st

from snorkel_dsl.api import check_source
from snorkel_dsl.knowledge import Resolver, files
from snorkel_dsl.knowledge.ontology import (
    Name,
    Node,
    Table,
    UnreadableError,
    nodes_below,
    open_ontology,
    query,
    read_ontology,
    table,
    terms_below,
    tree_below,
)
from snorkel_dsl.knowledge.ontology.graphs import read_graphs
from snorkel_dsl.knowledge.ontology.obo import read_obo
from snorkel_dsl.knowledge.ontology.rdf import read_owl, read_turtle
from snorkel_dsl.knowledge.ontology.tables import read_table
from snorkel_dsl.language.check.resolving import OntologyQuery
from snorkel_dsl.source import Source

RULE = "rule r votes spam.SPAM\n    when text mentions any of T\n"
SLIMS = ("DO_RAD_slim", "DO_infectious_disease_slim")


def read(file: Path) -> Table:
    return read_ontology(open_ontology(file, file.name))


def refused(file: Path) -> tuple[str, str]:
    with pytest.raises(UnreadableError) as found:
        read(file)
    return found.value.refusal.kind, found.value.refusal.label


# ------------------------------------------------------------------------------------------------------------ real files


@pytest.mark.parametrize("slim", SLIMS)
def test_a_slim_is_the_same_in_three_formats(slim: str, data_folder: Path) -> None:
    folder = data_folder / "ontologies"
    obo, owl, graph = (read(folder / f"{slim}{ending}") for ending in (".obo", ".owl", ".json"))
    assert obo == owl == graph
    assert obo.content_hash == owl.content_hash == graph.content_hash
    assert obo.release == f"doid/releases/2026-07-31/subsets/{slim}"
    assert {one.format for one in (obo, owl, graph)} == {"OBO", "OWL", "OBO graph"}


@pytest.mark.parametrize(("slim", "terms", "synonyms", "edges"), [(SLIMS[0], 81, 195, 80), (SLIMS[1], 536, 999, 498)])
def test_a_slim_holds_what_pronto_reads(slim: str, terms: int, synonyms: int, edges: int, data_folder: Path) -> None:
    import pronto

    mine = read(data_folder / "ontologies" / f"{slim}.obo")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        theirs = pronto.Ontology(data_folder / "ontologies" / f"{slim}.owl", import_depth=0)
    known = {term.id: term for term in theirs.terms() if term.name is not None}
    assert {node.id: node.label for node in mine.nodes} == {name: term.name for name, term in known.items()}
    for node in mine.nodes:
        scopes = {(s.description, s.scope.lower()) for s in known[node.id].synonyms}
        assert {(n.text, s) for s, ns in zip(table.SCOPES, node.synonyms, strict=True) for n in ns} == scopes
        below = {term.id for term in known[node.id].subclasses()}
        assert {one.id for one in nodes_below(mine, OntologyQuery((node.id,)), "x")} == below
    assert len(mine.nodes) == terms
    assert sum(len(names) for node in mine.nodes for names in node.synonyms) == synonyms
    assert sum(len(node.parents) for node in mine.nodes) == edges


@pytest.mark.parametrize("node", ["DOID:850", "lung disease", "http://purl.obolibrary.org/obo/DOID_850"])
def test_a_rule_has_one_hash_whatever_the_format(node: str, data_folder: Path) -> None:
    folder = data_folder / "ontologies"
    hashes = set()
    for ending in ("obo", "owl", "json"):
        block = f'terms T\n    from ontology "DO_RAD_slim.{ending}" below "{node}"\n'
        (function,) = program(HEAD + block + RULE, Resolver((folder,), folder / "x.rules")).functions
        hashes.add(function.semantic_hash)
    assert len(hashes) == 1


def test_the_phenotypes_below_a_node_are_those_that_pronto_finds(data_folder: Path) -> None:
    import pronto

    file = data_folder / "ontologies" / "hp_2015-01-27.obo"
    mine = read(file)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        theirs = pronto.Ontology(file, import_depth=0)
    assert len(mine.nodes) == 11_030
    asked = OntologyQuery(("Abnormality of the respiratory system",))
    below = [term for term in theirs["HP:0002086"].subclasses() if not term.obsolete]
    assert [node.id for node in nodes_below(mine, asked, "x")] == sorted(term.id for term in below)
    names = {" ".join(term.name.split()) for term in below}
    names |= {
        " ".join(s.description.split()) for term in below for s in term.synonyms if s.scope in ("EXACT", "NARROW")
    }
    assert set(terms_below(mine, asked, "x")) == names
    near = OntologyQuery(("HP:0002086",), levels=2)
    distance = {term.id for term in theirs["HP:0002086"].subclasses(distance=2) if not term.obsolete}
    assert {node.id for node in nodes_below(mine, near, "x")} == distance


def test_a_thesaurus_speaks_two_languages(data_folder: Path) -> None:
    stw = read(data_folder / "ontologies" / "stw.ttl")
    assert (stw.format, stw.release) == ("SKOS", "9.04")
    english, german, both = (
        set(terms_below(stw, OntologyQuery(("11219-2",), languages=languages), "stw"))
        for languages in ((), ("de",), ("en", "de"))
    )
    assert "Labour economics" in english
    assert "Arbeitsmarkttheorie" in german
    assert "Arbeitsmarkttheorie" not in english
    assert both == english | german
    with pytest.raises(UnreadableError) as found:
        nodes_below(stw, OntologyQuery(("Small country model",)), "stw")
    assert found.value.refusal.helps[0].startswith("it is replaced by `http://zbw.eu/stw/descriptor/10043-4`")


def test_a_published_file_that_breaks_the_rules_of_obo_is_read(data_folder: Path) -> None:
    assert len(read(data_folder / "ontologies" / "doid_2016-08.obo").nodes) > 9_000


def test_the_expert_of_the_samples_finds_the_diseases_of_the_slim(tmp_path: Path, data_folder: Path) -> None:
    sample = Path(__file__).parent / "samples" / "chest_xray_expert.rules"
    (tmp_path / "design" / "samples").mkdir(parents=True)
    (tmp_path / "data").symlink_to(data_folder)
    source = Source(sample.name, sample.read_text(encoding="utf-8"))
    found, diagnostics = check_source(source, tmp_path / "design" / "samples" / sample.name, (data_folder,))
    assert [one.message for one in diagnostics if one.severity == "error"] == []
    assert found is not None
    assert {"COPD", "chronic obstructive lung disease", "ptx"} <= {
        term.text for term in found.terms["LUNG_DISEASE"].terms
    }


# ----------------------------------------------------------------------------------- ontologies made up, in every format

WORDS = st.text("abcß é-'*&<\"\\", min_size=1, max_size=6).filter(lambda text: text.strip() != "" and text[-1] != "\\")
IDS = st.integers(0, 7).map(lambda number: f"X:{number:03}")
NODES = st.dictionaries(
    IDS,
    st.tuples(
        WORDS,
        st.lists(st.tuples(st.sampled_from(table.SCOPES), WORDS), max_size=3),
        st.sets(IDS, max_size=2),
        st.booleans(),
    ),
    min_size=1,
    max_size=6,
)
Made = dict[str, tuple[str, list[tuple[str, str]], set[str], bool]]


def as_obo(nodes: Made) -> str:
    def quoted(text: str) -> str:
        return text.replace("\\", "\\\\").replace('"', '\\"')

    lines = ["format-version: 1.2", ""]
    for name, (label, synonyms, parents, obsolete) in nodes.items():
        lines += ["[Term]", f"id: {name}", f"name: {quoted(label)}"]
        lines += [f'synonym: "{quoted(text)}" {scope.upper()} ODD:type [A B:c "odd"]' for scope, text in synonyms]
        lines += [f"is_a: {parent} ! its name" for parent in sorted(parents)]
        lines += ["is_obsolete: true"] * obsolete + [""]
    return "\n".join(lines)


def as_graph(nodes: Made) -> str:
    def address(name: str) -> str:
        return "http://purl.obolibrary.org/obo/" + name.replace(":", "_")

    made = [
        {
            "id": address(name),
            "type": "CLASS",
            "lbl": label,
            "meta": {
                "deprecated": obsolete,
                "synonyms": [{"pred": f"has{scope.title()}Synonym", "val": text} for scope, text in synonyms],
            },
        }
        for name, (label, synonyms, _, obsolete) in nodes.items()
    ]
    edges = [
        {"sub": address(name), "pred": "is_a", "obj": address(parent)}
        for name, (_, _, parents, _) in nodes.items()
        for parent in parents
    ]
    return json.dumps({"graphs": [{"nodes": made, "edges": edges}]})


def as_owl(nodes: Made) -> str:
    parts = [
        '<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#" xmlns:owl="http://www.w3.org/2002/07/owl#" '
        'xmlns:rdfs="http://www.w3.org/2000/01/rdf-schema#" xmlns:o="http://www.geneontology.org/formats/oboInOwl#">'
    ]
    base = "http://purl.obolibrary.org/obo/"
    for name, (label, synonyms, parents, obsolete) in nodes.items():
        parts.append(f'<owl:Class rdf:about="{base}{name.replace(":", "_")}">')
        parts.append(f'<rdfs:label xml:lang="en">{escape(label)}</rdfs:label>')
        parts += [
            f"<o:has{scope.title()}Synonym>{escape(text)}</o:has{scope.title()}Synonym>" for scope, text in synonyms
        ]
        parts += [f'<rdfs:subClassOf rdf:resource="{base}{parent.replace(":", "_")}"/>' for parent in sorted(parents)]
        parts += ["<owl:deprecated>true</owl:deprecated>"] * obsolete
        parts.append("</owl:Class>")
    return "\n".join([*parts, "</rdf:RDF>"])


def as_table(nodes: Made) -> str:
    lines = ["id,name,synonyms,narrow,related,broad,parents,obsolete"]
    for name, (label, synonyms, parents, obsolete) in nodes.items():
        cells = [name, label, *("|".join(t for s, t in synonyms if s == scope) for scope in table.SCOPES)]
        cells += ["|".join(sorted(parents)), "yes" if obsolete else ""]
        lines.append(",".join('"' + cell.replace('"', '""') + '"' for cell in cells))
    return "\n".join(lines)


@settings(max_examples=60)
@given(NODES)
def test_one_ontology_in_four_formats_is_one_table(nodes: Made) -> None:
    obo = read_obo(as_obo(nodes), "x.obo")
    assert read_graphs(as_graph(nodes), "x.json") == obo
    assert read_owl(as_owl(nodes), "x.owl") == obo
    assert read_table(as_table(nodes), "x.csv") == obo
    assert len(obo.nodes) == len(nodes)


@settings(max_examples=80)
@given(NODES, st.sets(IDS, min_size=1, max_size=2), st.none() | st.integers(0, 4), st.booleans())
def test_what_stands_below_is_what_can_be_reached(
    nodes: Made, roots: set[str], levels: int | None, keep_obsolete: bool
) -> None:
    mine = read_graphs(as_graph(nodes), "x.json")
    usable = {name for name in roots if name in nodes and (keep_obsolete or not nodes[name][3])}
    if not usable:
        return
    reached, edge = set(usable), set(usable)
    for _ in range(levels if levels is not None else len(nodes)):
        edge = {name for name, (_, _, parents, _) in nodes.items() if (parents - {name}) & edge} - reached
        reached |= edge
    expected = {name for name in reached if keep_obsolete or not nodes[name][3]}
    asked = OntologyQuery(tuple(sorted(usable)), levels=levels, keep_obsolete=keep_obsolete)
    assert {node.id for node in nodes_below(mine, asked, "x")} == expected
    tree = [node.id for _, node in tree_below(mine, asked, "x")]
    assert sorted(tree) == sorted(expected)


@settings(max_examples=150)
@given(st.sampled_from([read_obo, read_graphs, read_owl, read_turtle, read_table]), st.data())
def test_any_text_is_read_or_refused(reader: object, data: st.DataObject) -> None:
    pieces = (
        '[Term]\n|id: A:1\n|name: b|is_a: |<rdf:RDF>|"|{"graphs": [|{"nodes": [{}]}|]}|@prefix a: <b> .|<a> a <c> .|'
        "id,name\n|x,y\n|<!DOCTYPE a [|&|;|\x00|é"
    )
    text = "".join(data.draw(st.lists(st.sampled_from([*pieces.split("|"), "\n"]), max_size=12)))
    assert callable(reader)
    with suppress(UnreadableError):
        assert isinstance(reader(text, "x"), Table)


# ---------------------------------------------------------------------------------------------------------- odd details


def test_an_id_of_before_a_merger_points_to_the_id_of_today() -> None:
    obo = read_obo("[Term]\nid: A:2\nname: two\nalt_id: A:1\n", "x.obo")
    stub = '{"id": "A:1", "type": "CLASS", "meta": {"deprecated": true, "basicPropertyValues": [%s]}}'
    replaced = '{"pred": "http://purl.obolibrary.org/obo/IAO_0100001", "val": "A:2"}'
    graph = f'{{"graphs": [{{"nodes": [{{"id": "A:2", "lbl": "two"}}, {stub % replaced}]}}]}}'
    assert read_graphs(graph, "x.json") == obo
    with pytest.raises(UnreadableError) as found:
        nodes_below(obo, OntologyQuery(("A:1",)), "x.obo")
    assert found.value.refusal.kind == "obsolete-node"
    assert "`A:2` (two)" in found.value.refusal.helps[0]


def test_half_a_character_is_written_otherwise(tmp_path: Path) -> None:
    nodes = [
        {"id": "A\ud800", "lbl": "a\udc00"},
        {"id": "B\udc00", "lbl": "b", "meta": {"xrefs": [{"val": "V\ud800:1"}]}},
    ]
    edges = [{"sub": "B\udc00", "pred": "is_a", "obj": "A\ud800"}]
    found = read_graphs(json.dumps({"graphs": [{"nodes": nodes, "edges": edges}]}), "x.json")
    assert [(node.id, *node.labels, node.parents, node.sources) for node in found.nodes] == [
        ("A?", Name("a?"), (), ()),
        ("B?", Name("b"), ("A?",), ("V?",)),
    ]


def test_circles_and_missing_parents_do_no_harm() -> None:
    mine = read_table("id,name,parents\nA,a,B\nB,b,C\nC,c,A|GONE\nD,d,D\n", "x.csv")
    assert terms_below(mine, OntologyQuery(("B",)), "x") == ("a", "b", "c")
    assert terms_below(mine, OntologyQuery(("GONE",)), "x") == ("a", "b", "c")
    assert terms_below(mine, OntologyQuery(("B",), levels=1), "x") == ("a", "b")
    assert terms_below(mine, OntologyQuery(("D",)), "x") == ("d",)


def test_a_node_of_skos_is_found_by_the_last_part_of_its_address() -> None:
    skos = (
        "@prefix s: <http://www.w3.org/2004/02/skos/core#> . <http://e.org/t/12-3> a s:Concept ; s:prefLabel 'x'@en ."
    )
    assert terms_below(read_turtle(skos, "x.ttl"), OntologyQuery(("12-3",)), "x") == ("x",)


def test_a_name_that_would_mean_something_else_as_a_term_is_left_out(tmp_path: Path) -> None:
    long = "x" * 3_000
    (tmp_path / "o.csv").write_text(f"id,name,synonyms\nA,a,post *|HLA-B*27|{long}\n")
    found = program(HEAD + 'terms T\n    from ontology "o.csv" below "A"\n' + RULE, Resolver((), tmp_path / "x.rules"))
    assert [term.text for term in found.terms["T"].terms] == ["a", "HLA-B*27"]


def test_an_address_given_a_short_name_in_an_owl_file_is_fine() -> None:
    head = '<!DOCTYPE rdf:RDF [ <!-- "> --> <!ENTITY obo "http://purl.obolibrary.org/obo/" > ]>\n'
    owl = as_owl({"X:001": ("a", [], set(), False)}).replace('"http://purl.obolibrary.org/obo/X', '"&obo;X')
    assert read_owl('<?xml version="1.0"?>\n' + head + owl, "x.owl").nodes == (Node("X:001", (table.Name("a"),)),)


# -------------------------------------------------------------------------------------------------------- what is kept


def test_what_was_read_before_is_not_read_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SNORKEL_DSL_CACHE", str(tmp_path / "cache"))
    (tmp_path / "o.obo").write_text(as_obo({"X:001": ("a b", [("broad", "c")], {"X:002"}, False)}))
    first = read(tmp_path / "o.obo")
    monkeypatch.setitem(sys.modules, "fastobo", None)
    assert read(tmp_path / "o.obo") == first
    numbers = [1, [2, 3], [[], [], [], []], [4], False, [], [], []]
    for other in ('{"nodes": [[1]], "release": ', json.dumps({"nodes": [numbers], "release": "", "format": ""})):
        for kept in (tmp_path / "cache" / "ontologies").iterdir():
            kept.write_text(other)
        assert refused(tmp_path / "o.obo")[0] == "missing-extra"
    monkeypatch.undo()
    assert read(tmp_path / "o.obo") == first


@pytest.mark.parametrize("folder", ["", "file", "file/below"])
def test_without_a_place_to_keep_things_all_goes_on(
    folder: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").write_text("no folder")
    monkeypatch.setenv("SNORKEL_DSL_CACHE", folder and str(tmp_path / folder))
    (tmp_path / "o.csv").write_text("id,name\nA,a\n")
    block = 'terms T\n    from ontology "o.csv" below "A"\n    from ontology "o.csv" below "a"\n'
    found = program(HEAD + block + RULE, Resolver((), tmp_path / "x.rules"))
    assert [term.text for term in found.terms["T"].terms] == ["a"]


def test_a_changed_file_is_read_anew(tmp_path: Path) -> None:
    (tmp_path / "o.csv").write_text("id,name\nA,a\n")
    before = read(tmp_path / "o.csv")
    (tmp_path / "o.csv").write_text("id,name\nA,b\n")
    assert read(tmp_path / "o.csv") != before


# ------------------------------------------------------------------------------------------------- files that mean harm

GROWING = "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10}">' for n in range(1, 10))
HEADS = {
    "billion laughs": f'<!DOCTYPE rdf:RDF [ <!ENTITY l0 "lol"> {GROWING} ]>',
    "one long entity": f'<!DOCTYPE rdf:RDF [ <!ENTITY l9 "{"x" * 100_000}"> ]>',
    "another file": '<!DOCTYPE rdf:RDF [ <!ENTITY l9 SYSTEM "file:///etc/passwd"> ]>',
    "another place": '<!DOCTYPE rdf:RDF SYSTEM "http://localhost:1/evil.dtd">',
    "parameter": "<!DOCTYPE rdf:RDF [ <!ENTITY % p '<!ENTITY l9 \"x\">'> %p; ]>",
    "after a comment": '<!-- <a> --><!DOCTYPE rdf:RDF [ <!-- ]> --> <!ENTITY l9 SYSTEM "file:///etc/passwd"> ]>',
    "in quotes": """<!DOCTYPE rdf:RDF [ <!ENTITY a "]>"> <!ENTITY l9 SYSTEM 'file:///etc/passwd'> ]>""",
    "an attribute list": '<!DOCTYPE rdf:RDF [ <!ATTLIST rdf:RDF x CDATA "y"> ]>',
}


@pytest.mark.parametrize("head", HEADS.values(), ids=HEADS.keys())
def test_xml_that_grows_or_reaches_out_is_refused(head: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(socket, "socket", _no_network)
    owl = as_owl({"X:001": ("NAME", [], set(), False)}).replace("NAME", "&l9;")
    (tmp_path / "o.owl").write_text(f'<?xml version="1.0"?>\n{head}\n{owl}')
    assert refused(tmp_path / "o.owl")[0] == "unsafe-xml"


def _no_network(*_: object, **__: object) -> None:
    raise AssertionError("the network is asked")


def test_nothing_is_fetched(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(socket, "socket", _no_network)
    imports = '<owl:Ontology rdf:about="http://e.org/o"><owl:imports rdf:resource="http://localhost:1/other.owl"/></owl:Ontology>'
    owl = as_owl({"X:001": ("a", [], set(), False)}).replace("<owl:Class", imports + "<owl:Class", 1)
    (tmp_path / "o.owl").write_text(owl)
    (tmp_path / "o.obo").write_text(
        "format-version: 1.2\nimport: http://localhost:1/o.obo\n\n[Term]\nid: X:001\nname: a\n"
    )
    owl_of = "http://www.w3.org/2002/07/owl#"
    turtle = f"<http://e.org/o> a <{owl_of}Ontology> ; <{owl_of}imports> <http://localhost:1/> ."
    concept = (
        '<X> a <http://www.w3.org/2004/02/skos/core#Concept> ; <http://www.w3.org/2004/02/skos/core#prefLabel> "a" .'
    )
    (tmp_path / "o.ttl").write_text(f"{turtle}\n{concept}")
    for name in ("o.owl", "o.obo", "o.ttl"):
        assert [node.label for node in read(tmp_path / name).nodes] == ["a"]


DEEP = {
    "o.json": '{"graphs": ' + "[" * 100_000,
    "o.ttl": "<http://e.org/a> <http://e.org/b> " + "[ <http://e.org/b> " * 100_000,
    "o.owl": "<rdf:RDF xmlns:rdf='http://www.w3.org/1999/02/22-rdf-syntax-ns#' xmlns:e='http://e.org/'>"
    + "<e:a>" * 20_000,
    "o.obo": "[Term]\nid: " + "\\" * 100_000,
    "o.csv": 'id,name\nA,"' + '""' * 100_000,
}


@pytest.mark.parametrize("name", DEEP)
def test_what_is_nested_very_deep_is_refused(name: str, tmp_path: Path) -> None:
    (tmp_path / name).write_text(DEEP[name])
    assert refused(tmp_path / name)[0] in ("broken-ontology", "broken-table")


def test_a_file_too_large_is_not_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(files, "LARGEST", 1 << 20)
    with (tmp_path / "o.obo").open("wb") as file:
        file.truncate((1 << 20) + 1)
    assert refused(tmp_path / "o.obo") == ("too-large", "more than 1 million bytes")


def test_very_many_names_and_nodes_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "o.csv").write_text("id,name,synonyms\nA,a," + "|".join(f"s{n}" for n in range(2_000)))
    monkeypatch.setattr(query, "MOST_TERMS", 1_000)
    block = 'terms T\n    from ontology "o.csv" below "A"\n'
    found, diagnostics = check_source(Source("x", HEAD + block + RULE), tmp_path / "x.rules", (tmp_path,))
    assert found is not None
    assert [one.kind for one in diagnostics if one.severity == "error"] == ["too-large"]
    (tmp_path / "p.csv").write_text("id,name\nA,a\nB,b\nC,c\n")
    monkeypatch.setattr(table, "MOST_NAMES", 2)
    assert refused(tmp_path / "p.csv")[0] == "too-large"
    monkeypatch.setattr(table, "MOST_NODES", 1)
    assert refused(tmp_path / "p.csv")[0] == "too-large"


@pytest.mark.parametrize(
    ("name", "text", "kind"),
    [
        ("o.json", '{"graphs": [{"nodes": [{"id": 1}]}]}', "broken-ontology"),
        ("o.json", "[]", "broken-ontology"),
        ("o.json", '{"graphs": []}', "broken-ontology"),
        ("o.obo", '[Term]\nid: A:1\nsynonym: "open\n', "broken-ontology"),
        ("o.owl", "<a></b>", "broken-ontology"),
        ("o.owl", "Ontology(<http://e.org>)", "broken-ontology"),
        ("o.ttl", "<a> <b>", "broken-ontology"),
        ("o.csv", "name,x\na,b\n", "unknown-column"),
        ("o.csv", "", "unknown-column"),
        ("o.csv", 'id,name\nA,"a', "broken-table"),
        ("o.rules", "id,name\n", "unknown-file-type"),
    ],
)
def test_a_broken_file_says_what_is_wrong(name: str, text: str, kind: str, tmp_path: Path) -> None:
    (tmp_path / name).write_text(text)
    assert refused(tmp_path / name)[0] == kind


def test_owl_may_be_written_in_turtle(tmp_path: Path) -> None:
    text = "# a remark\n@prefix owl: <http://www.w3.org/2002/07/owl#> .\n<http://purl.obolibrary.org/obo/X_1> a owl:Class ; "
    (tmp_path / "o.owl").write_text(text + '<http://www.w3.org/2000/01/rdf-schema#label> "a" .\n')
    assert read(tmp_path / "o.owl").nodes == (Node("X:1", (table.Name("a"),)),)
