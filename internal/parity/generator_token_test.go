package parity

import (
	"crypto"
	"crypto/rsa"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	apiserverv1 "k8s.io/apiserver/pkg/apis/apiserver/v1"
)

// member is a member of a JSON object, with its value as it is written.
type member struct{ name, value string }

type members []member

// set gives the member of that name another value, or adds it.
func (m *members) set(name, value string) {
	for i := range *m {
		if (*m)[i].name == name {
			(*m)[i].value = value
			return
		}
	}
	m.add(name, value)
}

// add adds a member, be there one of that name or not.
func (m *members) add(name, value string) { *m = append(*m, member{name, value}) }

func (m *members) remove(name string) {
	var kept members
	for _, other := range *m {
		if other.name != name {
			kept = append(kept, other)
		}
	}
	*m = kept
}

func (m members) String() string {
	texts := make([]string, len(m))
	for i, one := range m {
		texts[i] = encode(one.name) + ":" + one.value
	}
	return "{" + strings.Join(texts, ",") + "}"
}

// encode returns v as JSON.
func encode(v any) string {
	var b strings.Builder
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(v); err != nil {
		panic(err) // of a value of this file's own
	}
	return strings.TrimSuffix(b.String(), "\n")
}

// draft is a token that is still to be signed.
type draft struct {
	now            time.Time
	issuer         int                           // in issuerURLs
	entry          *apiserverv1.JWTAuthenticator // that it is meant for
	audience       string
	ring           *keyRing
	header, claims members
	alg            string // that is signed with, whatever the header says
	key            crypto.Signer
	salt           int
	editHeader     func(string) string // changes the text before it is signed; nil: does not
	editPayload    func(string) string
	editToken      func(string) string // changes what was signed
	did            []string            // the names of what is odd about it
}

// pair is a configuration and a token, and what both sides say of it.
type pair struct {
	test            string // that made it, if not TestTokens
	index           int
	config          *configuration
	draft           *draft
	sides           sides
	token           string
	header, payload string
	head, claims    object // of these
	now             time.Time
	upstream, ours  answer
}

func newDraft(r *rand.Rand, c *configuration, entry int, ring *keyRing) *draft {
	e := &c.entries[entry]
	return &draft{now: time.Now(), issuer: c.issuers[entry], entry: e, audience: pick(r, e.Issuer.Audiences), ring: ring, salt: rsa.PSSSaltLengthEqualsHash}
}

// newPair makes the token with that index of a run.
func newPair(t *testing.T, r *rand.Rand, index int, c *configuration, s sides, ring *keyRing) *pair {
	t.Helper()
	d := newDraft(r, c, r.IntN(len(c.entries)), ring)
	if r.IntN(30) == 0 {
		d.issuer = r.IntN(len(issuerURLs)) // perhaps nobody the configuration knows
		d.did = append(d.did, "any issuer")
	}
	d.base(r)
	for range pick(r, []int{0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 2}) {
		m := pick(r, mutations)
		d.did = append(d.did, m.name)
		m.do(r, d)
	}
	p := &pair{index: index, config: c, draft: d, sides: s, now: d.now}
	require.NoError(t, p.mint(), d.did)
	return p
}

// mint signs the draft.
func (p *pair) mint() error {
	d := p.draft
	p.header, p.payload = edit(d.editHeader, d.header.String()), edit(d.editPayload, d.claims.String())
	signed := b64(p.header) + "." + b64(p.payload)
	signature, err := sign(d.alg, d.key, d.salt, []byte(signed))
	p.token = edit(d.editToken, signed+"."+b64(string(signature)))
	if parts := strings.Split(p.token, "."); len(parts) == 3 { // as it can be read now
		p.header, p.payload = decoded(parts[0], p.header), decoded(parts[1], p.payload)
	}
	p.head, p.claims = newObject(p.header), newObject(p.payload)
	return err
}

func b64(text string) string { return base64.RawURLEncoding.EncodeToString([]byte(text)) }

func decoded(part, otherwise string) string {
	if text, err := base64.RawURLEncoding.DecodeString(part); err == nil {
		return string(text)
	}
	return otherwise
}

func edit(with func(string) string, text string) string {
	if with == nil {
		return text
	}
	return with(text)
}

// base makes a token that all expressions but the odd ones have a use for.
func (d *draft) base(r *rand.Rand) {
	keys := d.ring.of(d.issuer)
	k := pick(r, append(keys[:3:3], keys...)) // P-384 and P-521 are slow
	for k.id == "ed25519" || k.id == "weak" {
		k = pick(r, keys[:5])
	}
	d.use(r, k)
	exp, iat := d.now.Add(pick(r, []time.Duration{time.Hour, 5 * time.Minute, 24 * time.Hour, 20 * time.Second})), d.now.Add(-pick(r, []time.Duration{0, time.Minute, time.Hour}))
	d.claims = members{
		{"iss", encode(issuerURLs[d.issuer])},
		{"aud", pick(r, []string{encode(d.audience), encode([]string{d.audience}), encode([]string{"other", d.audience})})},
		{"exp", fmt.Sprint(exp.Unix())},
		{"iat", fmt.Sprint(iat.Unix())},
		{"sub", pick(r, []string{`"jane"`, `"jane"`, `"248289761001"`, `"j\u00e4ne"`, `"安安安"`, `"auth0|5f7"`})},
	}
	if r.IntN(3) > 0 {
		d.claims.add("jti", pick(r, []string{`"f3b0a1"`, `"c6f1-\u00e9"`, `"1"`}))
	}
	if r.IntN(3) == 0 {
		d.claims.add("nbf", fmt.Sprint(iat.Unix()))
	}
	for _, m := range profile {
		d.claims.add(m.name, m.value)
	}
	if r.IntN(3) == 0 {
		r.Shuffle(len(d.claims), func(i, j int) { d.claims[i], d.claims[j] = d.claims[j], d.claims[i] })
	}
	if issuerURLs[d.issuer] == "https://"+google && r.IntN(2) == 0 {
		d.claims.set("iss", encode(google))
	}
}

// use has the token signed with a key, and its header say so.
func (d *draft) use(r *rand.Rand, k namedKey) {
	d.key, d.alg = k.key, pick(r, algorithmsFor(k.key))
	d.header = members{{"alg", encode(d.alg)}}
	if k.id != "" && r.IntN(6) > 0 {
		d.header.add("kid", encode(k.id))
	}
	if r.IntN(2) == 0 {
		d.header.add("typ", pick(r, []string{`"JWT"`, `"JWT"`, `"at+jwt"`, `"application/at+JWT"`}))
	}
}

// profile is claims that the expressions look at.
var profile = members{
	{"email", `"jane@example.com"`}, {"email_verified", `true`}, {"name", `"Jane Doe"`}, {"login.name", `"jane.doe"`}, {"preferred__name", `"janie"`}, {"a-b", `"left"`}, {"c/d", `"right"`}, {"if", `"cond"`},
	{"tenant", `"acme"`}, {"uid", `"u-1"`}, {"groups", `["team-a","team-b","Everybody"]`}, {"roles", `["dev","ops"]`}, {"none", `[]`}, {"holes", `["","x",""]`}, {"mixed", `["a",1,true,null]`}, {"nulls", `["a",null]`},
	{"count", `3`}, {"level", `2.5`}, {"flag", `true`}, {"empty", `""`}, {"nothing", `null`}, {"csv", `"a,b,,c"`}, {"lists", `[["a","b"],["c"]]`},
	{"version", `"1.20.3"`}, {"memory", `"512Mi"`}, {"ip", `"10.1.2.3"`}, {"when", `"2026-01-01T00:00:00Z"`}, {"wait", `"1h30m"`}, {"link", `"https://example.com:8443/a?q=1&q=2"`},
	{"org", `{"name":"Umbrella","lead-dev":"ada","teams":["t1","t2"],"nested":{"x.y":"deep","list.x":["l1"]}}`}, {"people", `[{"first.name":"Ann"},{"first.name":"Bob"}]`},
}
