package parity

import (
	"encoding/json"
	"net/http"
	"slices"
	"strings"
	"unicode"
)

// outOfOrder has the reviewer fail.
func outOfOrder(q *question) {
	q.reply = reply{code: http.StatusInternalServerError, header: http.Header{}, body: "down"}
}

// answered reports whether both read the body.
func (q *question) answered() bool {
	return !q.reply.breaks && (q.reply.code == http.StatusOK || q.reply.code == http.StatusCreated)
}

// reading is what can be said of a body. It is kept, since reading takes long.
type reading struct {
	of                   string
	object, status, user object
	members              int // of the object that has most
}

func (q *question) read() *reading {
	if q.reading == nil || q.reading.of != q.reply.body {
		o := newObject(q.reply.body)
		status := newObject(o.get("status"))
		q.reading = &reading{q.reply.body, o, status, newObject(status.get("user")), maxMembers([]byte(q.reply.body))}
	}
	return q.reading
}

func (q *question) object() object { return q.read().object }
func (q *question) status() object { return q.read().status }
func (q *question) user() object   { return q.read().user }

// told is the error that the reviewer tells, or empty.
func (q *question) told() (text string) {
	_ = json.Unmarshal([]byte(q.status().get("error")), &text)
	return text
}

func (q *question) isProtobuf() bool { return strings.HasPrefix(q.reply.body, "k8s\x00") }

// many reports whether an object of the body has more members than ours reads.
func (q *question) many() bool { return q.read().members > 1<<14 }

func maxMembers(raw []byte) int {
	most := 0
	var all map[string]json.RawMessage
	var list []json.RawMessage
	if json.Unmarshal(raw, &all) == nil {
		most = len(all)
		for _, value := range all {
			list = append(list, value)
		}
	} else if json.Unmarshal(raw, &list) != nil {
		return 0
	}
	for _, value := range list {
		if value[0] == '{' || value[0] == '[' {
			most = max(most, maxMembers(value))
		}
	}
	return most
}

// isReview reports whether the body is a review of the version asked for, by the
// members of exactly these names.
func (q *question) isReview() bool {
	o := q.object()
	return plainText(o.get("kind")) == "TokenReview" && plainText(o.get("apiVersion")) == "authentication.k8s.io/"+q.setting.version
}

// plainText is the text of a member, or empty.
func plainText(value string) (text string) {
	_ = json.Unmarshal([]byte(value), &text)
	return text
}

// edit leaves the members of the body that are to be kept.
func (q *question) edit(keep func(member) bool) {
	o := q.object()
	if kept := slices.DeleteFunc(slices.Clone(o.members), func(m member) bool { return !keep(m) }); o.valid && len(kept) < len(o.members) {
		q.reply.body = kept.String()
	}
}

func (q *question) nullInList() bool {
	if hasNull(q.status().get("audiences")) || hasNull(q.user().get("groups")) {
		return true
	}
	return slices.ContainsFunc(newObject(q.user().get("extra")).members, func(m member) bool { return hasNull(m.value) })
}

// failed reports whether the reviewer tells an error instead of a user.
func (q *question) failed() bool {
	return q.answered() && q.status().get("authenticated") != "true" && plainText(q.status().get("error")) != ""
}

func (q *question) oddName() bool {
	name := plainText(q.user().get("username"))
	return q.answered() && (name == "" || strings.ContainsFunc(name, unicode.IsControl))
}
