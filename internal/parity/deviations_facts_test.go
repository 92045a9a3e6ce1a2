package parity

import (
	"crypto/ecdsa"
	"encoding/base64"
	"encoding/json"
	"math"
	"strconv"
	"strings"
	"unicode/utf8"

	apiserverv1 "k8s.io/apiserver/pkg/apis/apiserver/v1"

	"github.com/authnchain/authnchain/authn"
)

// object is what can be said of a text that is, or should be, a JSON object.
type object struct {
	members   members // as far as it could be read
	valid     bool
	duplicate bool // two members of one object have one name
	depth     int
	broken    bool // not UTF-8, or half a surrogate pair
}

func newObject(text string) object {
	o := object{valid: json.Valid([]byte(text)), broken: !utf8.ValidString(text)}
	o.members = o.read(text, 1)
	return o
}

// read reads an object and what is in it.
func (o *object) read(text string, depth int) (all members) {
	o.depth = max(o.depth, depth)
	d := json.NewDecoder(strings.NewReader(text))
	if open, err := d.Token(); err != nil || open != json.Delim('{') {
		return nil
	}
	seen := make(map[string]bool)
	for d.More() {
		var raw json.RawMessage
		start := d.InputOffset()
		name, err := d.Token()
		if err != nil {
			return all
		}
		o.readText(text[start:d.InputOffset()], name.(string))
		o.duplicate = o.duplicate || seen[name.(string)]
		seen[name.(string)] = true
		if d.Decode(&raw) != nil {
			return append(all, member{name.(string), ""})
		}
		all = append(all, member{name.(string), string(raw)})
		o.readValue(string(raw), depth)
	}
	return all
}

func (o *object) readValue(raw string, depth int) {
	switch raw[0] {
	case '{':
		o.read(raw, depth+1)
	case '[':
		o.depth = max(o.depth, depth+1)
		var items []json.RawMessage
		if json.Unmarshal([]byte(raw), &items) == nil {
			for _, item := range items {
				o.readValue(string(item), depth+1)
			}
		}
	case '"':
		var text string
		if json.Unmarshal([]byte(raw), &text) == nil {
			o.readText(raw, text)
		}
	}
}

// readText notes whether decoding has put a sign for what was broken.
func (o *object) readText(raw, text string) {
	const sign = "\ufffd"
	o.broken = o.broken || strings.Contains(text, sign) && !strings.Contains(raw, sign) && !strings.Contains(strings.ToLower(raw), `\ufffd`)
}

// get returns the value of a member, or "".
func (o object) get(name string) string {
	for _, m := range o.members {
		if m.name == name {
			return m.value
		}
	}
	return ""
}

// number returns a member that is a number, and else one that is less than all.
func (o object) number(name string) float64 {
	var n float64
	if err := json.Unmarshal([]byte(o.get(name)), &n); err != nil {
		return math.Inf(-1)
	}
	return n
}

func (o object) strange() bool { return o.broken || o.depth > 64 }

func hasNull(list string) bool {
	var items []json.RawMessage
	if json.Unmarshal([]byte(list), &items) != nil {
		return false
	}
	for _, item := range items {
		if string(item) == "null" {
			return true
		}
	}
	return false
}

// canonical reports whether a token is three parts, of which each is as RFC 7515
// has it.
func canonical(token string) bool {
	for part := range strings.SplitSeq(token, ".") {
		decoded, err := base64.RawURLEncoding.DecodeString(part)
		if err != nil || base64.RawURLEncoding.EncodeToString(decoded) != part {
			return false
		}
	}
	return true
}

// entry is that of the configuration which the token is for.
func (p *pair) entry() *apiserverv1.JWTAuthenticator {
	var issuer string
	_ = json.Unmarshal([]byte(p.claims.get("iss")), &issuer) // else it is nobody's
	if issuer == google {
		issuer = "https://" + google
	}
	for i := range p.config.entries {
		if p.config.entries[i].Issuer.URL == issuer {
			return &p.config.entries[i]
		}
	}
	return &apiserverv1.JWTAuthenticator{}
}

// says reports whether ours refuses with these words.
func (p *pair) says(words string) bool {
	return p.ours.class == refused && strings.Contains(p.ours.err.Error(), words)
}

func (p *pair) refuses(reason authn.Reason, words string) bool {
	return p.ours.class == refused && authn.ReasonOf(p.ours.err) == reason && strings.Contains(p.ours.err.Error(), words)
}

func isString(value string) bool { return value[0] == '"' }

func beyond64(value string) bool {
	n, err := strconv.ParseFloat(value, 64)
	return err == nil && (n >= 1<<63 || n < -1<<63)
}

// isTime reports whether ours refuses one of the times with these words, and its
// value is so.
func (p *pair) isTime(so func(value string) bool, words string) bool {
	for _, name := range []string{"exp", "nbf", "iat"} {
		if value := p.claims.get(name); value != "" && so(value) && p.refuses(authn.ClaimMissing, `claim "`+name+`": `+words) {
			return true
		}
	}
	return false
}

// oddType reports whether a "typ" is not one that ours takes.
func oddType(typ string, any bool) bool {
	var text string
	if typ == "null" || json.Unmarshal([]byte(typ), &text) != nil {
		return typ != ""
	}
	text = strings.TrimPrefix(strings.ToLower(text), "application/")
	if any {
		return text == "logout+jwt" || text == "secevent+jwt"
	}
	return text != "jwt" && text != "at+jwt"
}

func (d *draft) otherSalt() bool {
	return strings.HasPrefix(d.alg, "PS") && d.salt >= 0 && d.salt != hashes[d.alg[2:]].Size()
}

func (d *draft) otherCurve() bool {
	key, ok := d.key.(*ecdsa.PrivateKey)
	return ok && sizes[d.alg] != (key.Curve.Params().BitSize+7)/8
}

func (a answer) name() string {
	if a.class != accepted {
		return ""
	}
	return a.user.GetName()
}
