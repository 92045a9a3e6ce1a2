package parity

import (
	"math/rand/v2"
	"net/http"
	"strings"
)

// verdictMutations are what can be odd about an answer's text.
var verdictMutations = []struct {
	name string
	do   func(*rand.Rand, *verdict)
}{
	{"kind", func(r *rand.Rand, d *verdict) {
		d.top.set("kind", pick(r, []string{`""`, `null`, `"tokenreview"`, `"TokenReviewList"`, `"SubjectAccessReview"`, `"Status"`, `"TokenReview "`, `5`}))
	}},
	{"version", func(r *rand.Rand, d *verdict) {
		d.top.set("apiVersion", pick(r, []string{`""`, `null`, `"v1"`, `"authentication.k8s.io/v1"`, `"authentication.k8s.io/v1beta1"`, `"authentication.k8s.io/v1alpha1"`, `"authentication.k8s.io/v2"`, `"authorization.k8s.io/v1"`, `"a/b/c"`, `5`}))
	}},
	{"the other version", func(_ *rand.Rand, d *verdict) {
		d.edits = append(d.edits, func(text string) string {
			if strings.Contains(text, "authentication.k8s.io/v1beta1") {
				return strings.Replace(text, "authentication.k8s.io/v1beta1", "authentication.k8s.io/v1", 1)
			}
			return strings.Replace(text, "authentication.k8s.io/v1", "authentication.k8s.io/v1beta1", 1)
		})
	}},
	{"missing member", func(r *rand.Rand, d *verdict) {
		in, name := d.at(r)
		in.remove(name)
	}},
	{"null member", func(r *rand.Rand, d *verdict) {
		in, name := d.at(r)
		in.set(name, "null")
	}},
	{"wrong type", func(r *rand.Rand, d *verdict) {
		in, name := d.at(r)
		in.set(name, pick(r, wrongTypes))
	}},
	{"null in a list", func(r *rand.Rand, d *verdict) {
		if d.user == nil || r.IntN(2) == 0 {
			d.status.set("audiences", pick(r, []string{`[null]`, `["api",null]`, `[null,"web"]`}))
			return
		}
		d.user.set(pick(r, []string{"groups", "groups", "extra"}), pick(r, []string{`[null]`, `["dev",null]`, `{"a":[null]}`, `{"a":["b",null]}`}))
	}},
	{"duplicate member", func(r *rand.Rand, d *verdict) {
		in, name := d.at(r)
		for _, m := range *in {
			if m.name == name {
				in.add(name, pick(r, []string{m.value, m.value, "null", pick(r, wrongTypes)}))
				return
			}
		}
		in.add("x", `{"a":1,"a":2}`)
	}},
	{"duplicate in another spelling", func(r *rand.Rand, d *verdict) {
		d.edits = append(d.edits, func(text string) string {
			return strings.Replace(text, `"authenticated":`, pick(r, []string{`"\u0061uthenticated":true,"authenticated":`, `"authenticated":true,"\u0061uthenticated":`}), 1)
		})
	}},
	{"member in another case", func(r *rand.Rand, d *verdict) {
		in, name := d.at(r)
		other := pick(r, []string{strings.ToUpper(name), strings.ToUpper(name[:1]) + name[1:], strings.ToLower(name), strings.Replace(name, "s", "ſ", 1)})
		if r.IntN(2) == 0 {
			for i := range *in {
				if (*in)[i].name == name {
					(*in)[i].name = other
				}
			}
			return
		}
		in.add(other, pick(r, append(wrongTypes, `"Foo"`, `null`, `["api"]`, `"ann"`)))
	}},
	{"unknown member", func(r *rand.Rand, d *verdict) {
		in, _ := d.at(r)
		in.add(pick(r, []string{"x", "", "status ", "é", "\x00", "items"}), pick(r, unknownValues))
	}},
	{"metadata", func(r *rand.Rand, d *verdict) { d.top.set("metadata", pick(r, brokenMetadatas)) }},
	{"spec", func(r *rand.Rand, d *verdict) { d.top.set("spec", pick(r, brokenSpecs)) }},
	{"odd user name", func(r *rand.Rand, d *verdict) {
		if d.user != nil {
			d.user.set("username", pick(r, oddUsernames))
		}
	}},
	{"user and error", func(r *rand.Rand, d *verdict) {
		d.status.set("authenticated", pick(r, []string{"true", "false"}))
		d.status.set("error", encode(pick(r, reviewErrors)))
	}},
	{"not UTF-8", func(r *rand.Rand, d *verdict) {
		within(d, pick(r, []string{"\xff", "\xc3", "\xed\xa0\x80", `\ud83d`, `\udc00a`, `\ud83d\ud83d`}))
	}},
	{"syntax", func(r *rand.Rand, d *verdict) {
		within(d, pick(r, []string{"\n", "\x00", `\x41`, `\u00g0`, `"`, "\\"}))
	}},
	{"cut off", func(r *rand.Rand, d *verdict) {
		d.edits = append(d.edits, func(text string) string { return text[:r.IntN(len(text)+1)] })
	}},
	{"around it", func(r *rand.Rand, d *verdict) {
		around := pick(r, [][2]string{{"\ufeff", ""}, {"", "{}"}, {"", "x"}, {"", " # a"}, {"", "\n---\n{}"}, {"---\n", ""}, {"", "\x00"}, {" \n\t", "\r\n "}, {"\f", ""}, {"[", "]"}, {"", ","}, {"", "\u00a0"}, {"\x1e", ""}, {")]}'\n", ""}})
		d.edits = append(d.edits, func(text string) string { return around[0] + text + around[1] })
	}},
	{"YAML", func(r *rand.Rand, d *verdict) {
		d.edits = append(d.edits, func(string) string {
			text := ""
			for _, m := range d.top {
				text += m.name + ": " + m.value + "\n"
			}
			return text + "status:\n  authenticated: " + pick(r, []string{"true", "yes", "on"}) + "\n  user: {username: ann, groups: [dev]}\n  audiences: [api, web]\n"
		})
	}},
	{"JSON that is YAML", func(r *rand.Rand, d *verdict) {
		other := pick(r, [][2]string{{`"kind"`, `'kind'`}, {`"status"`, `status`}, {`}`, `,}`}, {`{`, "{ # a\n"}, {`true`, `yes`}})
		d.edits = append(d.edits, func(text string) string { return strings.Replace(text, other[0], other[1], 1) })
	}},
	{"something else", func(r *rand.Rand, d *verdict) {
		text := pick(r, []string{
			"", " ", "null", "true", "5", `"TokenReview"`, "[]", "{}", "{", "<!DOCTYPE html><html><body>Sign in</body></html>", "ok\n", "\x00", "k8s\x00", "k8s\x00\n\x00", "%PDF-1.7",
			`{"kind":"Status","apiVersion":"v1","status":"Success"}`, `{"kind":"Status","apiVersion":"v1","status":"Failure","message":"no","reason":"Unauthorized","code":401}`,
			`{"authenticated":true,"user":{"username":"ann"}}`, `{"active":true,"sub":"ann"}`,
		})
		d.edits = append(d.edits, func(string) string { return text })
	}},
	{"protobuf", func(r *rand.Rand, d *verdict) {
		version := "authentication.k8s.io/" + pick(r, []string{"v1", "v1beta1"})
		d.edits = append(d.edits, func(string) string { return inProtobuf(version) })
	}},
	{"deep", func(r *rand.Rand, d *verdict) {
		n := pick(r, []int{60, 61, 62, 63, 64, 65, 100, 12_000})
		in, _ := d.at(r)
		in.add("deep", pick(r, []string{strings.Repeat("[", n) + strings.Repeat("]", n), strings.Repeat(`{"a":`, n) + "1" + strings.Repeat("}", n)}))
	}},
	{"large", func(r *rand.Rand, d *verdict) {
		if r.IntN(4) > 0 {
			return
		}
		size := pick(r, []int{100_000, 1 << 20, 1<<20 + 1, 1_200_000})
		d.edits = append(d.edits, func(text string) string {
			return strings.Repeat(pick(r, []string{" ", "\n"}), max(0, size-len(text))) + text
		})
	}},
	{"many members", func(r *rand.Rand, d *verdict) {
		if r.IntN(4) > 0 {
			return
		}
		n := pick(r, []int{1000, 1 << 14, 1<<14 + 1})
		var many members
		for i := range n {
			many.add("k"+encode(i), `["v"]`)
		}
		if d.user != nil {
			d.user.set("extra", many.String())
		}
	}},
}

// within puts a text into the first letters of a value.
func within(d *verdict, odd string) {
	d.edits = append(d.edits, func(text string) string {
		for _, value := range []string{`"ann"`, `"dev`, `"u-1`, `"api"`, `"TokenReview`} {
			if strings.Contains(text, value) {
				return strings.Replace(text, value, value[:2]+odd+value[2:], 1)
			}
		}
		return text
	})
}

// contentTypes are those of answers, those first that any may have.
var contentTypes = []string{
	"application/json", "application/json", "application/json; charset=utf-8", "APPLICATION/JSON", "text/html; charset=utf-8", "text/plain", "application/yaml", "application/octet-stream",
	"application/vnd.kubernetes.protobuf", "application/json;", "application/json; charset", "application/json; a=b; a=c", "json", "/", "a/b/c", " ", ";", "é", "application/json, application/json", `text/x; a="b`,
}

// replyMutations are what can be odd about an answer's beginning.
var replyMutations = []struct {
	name string
	do   func(*rand.Rand, *reviewWorld, *reply)
}{
	{"content type", func(r *rand.Rand, _ *reviewWorld, p *reply) {
		p.header["Content-Type"] = []string{pick(r, contentTypes)}
	}},
	{"two content types", func(r *rand.Rand, _ *reviewWorld, p *reply) {
		p.header["Content-Type"] = []string{pick(r, contentTypes), pick(r, contentTypes)}
	}},
	{"status", func(r *rand.Rand, _ *reviewWorld, p *reply) {
		p.code = pick(r, []int{202, 203, 204, 205, 206, 207, 226, 299, 400, 401, 403, 404, 405, 409, 410, 415, 422, 429, 500, 501, 502, 503, 504, 599, 999})
		if r.IntN(4) == 0 {
			p.header["Retry-After"] = []string{pick(r, []string{"0", "-1", "x", "Fri, 31 Dec 1999 23:59:59 GMT"})}
		}
	}},
	{"redirect", func(r *rand.Rand, w *reviewWorld, p *reply) {
		p.code = pick(r, []int{300, 301, 302, 303, 304, 305, 306, 307, 307, 308, 308})
		p.header["Location"] = []string{pick(r, []string{w.elsewhere + "/moved", w.elsewhere, "/moved", "moved", "", "%zz"})}
	}},
	{"success that leads elsewhere", func(_ *rand.Rand, w *reviewWorld, p *reply) {
		p.header["Location"], p.header["Refresh"] = []string{w.elsewhere}, []string{"0; url=" + w.elsewhere}
	}},
	{"breaks off", func(_ *rand.Rand, _ *reviewWorld, p *reply) { p.breaks = true }},
	{"failure", func(r *rand.Rand, _ *reviewWorld, p *reply) {
		p.code = pick(r, []int{401, 403, 404, 429, 500, 503})
		p.body = `{"kind":"Status","apiVersion":"v1","metadata":{},"status":"Failure","message":"no","reason":"` + pick(r, []string{"Unauthorized", "Forbidden", "InternalError", "TooManyRequests"}) + `"}`
		p.header = http.Header{"Content-Type": {"application/json"}}
	}},
}
