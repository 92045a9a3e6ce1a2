package parity

import (
	"fmt"
	"math/rand/v2"
	"strings"
)

// reviewTokens are those that a reviewer is asked about, the usual ones first.
var reviewTokens = []string{
	"opaque-1", "eyJhbGciOiJub25lIn0.e30.", "a", "", " ", `"`, `\`, `a"},"x":{"b`, "<a>&amp;", "a\u2028b\u2029", "a\x00b", "a\nb\tc\rd\be\ff", "\x7f", "é安🙂",
	"\ufffd", "\uffff", "\xff", "a\xc3", "\xed\xa0\x80", "\xc0\x80b", "Bearer a", "a b", strings.Repeat("t", 20_000),
}

// wantedAudiences are those that requests are limited to, if they are.
var wantedAudiences = [][]string{
	{"api"}, {"api"}, {"api"}, {"api"}, {"api", "web"}, {"api", "web"}, {"web", "api"}, {"web"}, {"other"}, {}, nil, {""}, {"api", "api"}, {"API"}, {"a\"b\u2028\\"}, {"\xff", "api"},
}

// reviewErrors are those that a reviewer tells. What upstream returns word for word
// is not its own.
var reviewErrors = []string{"the directory says no", " ", "no: opaque-1", "é\u0000\n", `{"a":"b"}`}

// Values of members, those first that are usual.
var (
	usernames       = []string{`"ann"`, `"ann"`, `"system:serviceaccount:a:b"`, `"Ängström 安"`, `"a b"`, `" a "`, `"system:anonymous"`, `"\u0041nn"`, `"a\u2028b"`, `"\ufffd"`}
	oddUsernames    = []string{`""`, `"a\u0000"`, `"\ta"`, `"a\u0085b"`, `"a\u007f"`, `"a\nb"`}
	uids            = []string{`"u-1"`, `""`, `"\u0000"`}
	groupLists      = []string{`["dev","ops"]`, `["dev"]`, `[]`, `[""]`, `["a","a"]`, `["system:masters"]`, `["a\u0000","b c"]`, `[" "]`}
	extras          = []string{`{"example.com/a":["1","2"]}`, `{}`, `{"Mixed":[""],"mixed":["a"]}`, `{"":["a"]}`, `{"a":[]}`, `{"a":null,"b":["c"]}`, `{"a\u0000":["\u0001"]}`}
	audienceLists   = []string{`["api"]`, `["api"]`, `["api"]`, `["web","api"]`, `["api","web"]`, `["web","api","api"]`, `["other"]`, `["other","web"]`, `[]`, `[""]`, `["API"]`, `["a\"b\u2028\\"]`, `["\ufffd"]`}
	wrongTypes      = []string{`5`, `"x"`, `""`, `"true"`, `{}`, `[]`, `true`, `false`, `[1]`, `[null]`, `["a",null]`, `[["a"]]`, `{"a":1}`, `{"a":"b"}`, `{"a":[1]}`, `{"a":[null]}`, `{"a":["b",null]}`, `1e2`, `-0`}
	unknownValues   = []string{`1`, `1e999`, `-0.0`, `null`, `""`, `{"a":{"b":[1,{}]}}`, `[[[]]]`, `"\ud83d\ude42"`, `123456789012345678901234567890`}
	brokenMetadatas = []string{`5`, `"x"`, `[]`, `{"name":5}`, `{"creationTimestamp":"yesterday"}`, `{"labels":{"a":1}}`, `{"labels":[]}`, `{"generation":"1"}`, `{"generation":1.5}`}
	brokenSpecs     = []string{`5`, `"x"`, `[]`, `{"token":5}`, `{"audiences":"api"}`, `{"audiences":[1]}`}
)

// verdict is a TokenReview to answer with.
type verdict struct {
	top, status, user members
	edits             []func(string) string
}

// newVerdict makes one that any reviewer could.
func newVerdict(r *rand.Rand, q *question) *verdict {
	d := &verdict{top: members{{"kind", `"TokenReview"`}, {"apiVersion", encode("authentication.k8s.io/" + q.setting.version)}}}
	if r.IntN(4) == 0 {
		d.top.add("metadata", pick(r, []string{`{"creationTimestamp":null}`, `{}`, `{"name":"a","labels":{"b":"c"},"managedFields":[{"manager":"d"}]}`}))
		d.top.add("spec", fmt.Sprintf(`{"token":%s,"audiences":["api"]}`, encode(q.token)))
	}
	if good := r.IntN(6) > 0; good || r.IntN(3) > 0 {
		d.status.add("authenticated", fmt.Sprint(good))
		d.user.add("username", pick(r, usernames))
		for _, m := range []struct {
			name   string
			values []string
		}{{"uid", uids}, {"groups", groupLists}, {"extra", extras}} {
			if r.IntN(3) > 0 {
				d.user.add(m.name, pick(r, m.values))
			}
		}
	}
	if d.user != nil && r.IntN(20) == 0 {
		d.user.set("username", pick(r, oddUsernames))
	}
	if r.IntN(2) == 0 {
		d.status.add("audiences", pick(r, audienceLists))
	}
	if n := r.IntN(8); n == 0 || n < 4 && len(d.status) == 0 {
		d.status.add("error", encode(pick(r, reviewErrors)))
	}
	shuffle(r, d.top, d.status, d.user)
	return d
}

func shuffle(r *rand.Rand, all ...members) {
	for _, m := range all {
		r.Shuffle(len(m), func(i, j int) { m[i], m[j] = m[j], m[i] })
	}
}

// String is the answer. A status or user that is there already was put in by a
// mutation.
func (d *verdict) String() string {
	status, top := append(members(nil), d.status...), append(members(nil), d.top...)
	if d.user != nil && !status.has("user") {
		status.add("user", d.user.String())
	}
	if !top.has("status") {
		top.add("status", status.String())
	}
	text := top.String()
	for _, edit := range d.edits {
		text = edit(text)
	}
	return text
}

func (m members) has(name string) bool {
	for _, one := range m {
		if one.name == name {
			return true
		}
	}
	return false
}

// at is where a member can be: one of the objects, and its name.
func (d *verdict) at(r *rand.Rand) (*members, string) {
	switch r.IntN(4) {
	case 0:
		return &d.top, pick(r, []string{"status", "kind", "apiVersion", "metadata", "spec"})
	case 1, 2:
		return &d.status, pick(r, []string{"authenticated", "user", "audiences", "error"})
	}
	if d.user == nil {
		d.user = members{}
	}
	return &d.user, pick(r, []string{"username", "uid", "groups", "extra"})
}
