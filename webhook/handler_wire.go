package webhook

import (
	"errors"
	"io"
	"maps"
	"mime"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"k8s.io/apiserver/pkg/authentication/user"

	"github.com/authnchain/authnchain/internal/strictjson"
)

// question is what counts of a review that is asked for.
type question struct {
	version   string // of the API, such as "authentication.k8s.io/v1"
	token     string
	audiences []string
}

// refusal is an answer other than a review: a Status of Kubernetes. Its text has nothing
// in it that was sent.
type refusal struct {
	code int
	text string
}

// failureReasons are metav1's names for the codes.
var failureReasons = map[int]string{
	http.StatusBadRequest:            "BadRequest",
	http.StatusMethodNotAllowed:      "MethodNotAllowed",
	http.StatusRequestEntityTooLarge: "RequestEntityTooLarge",
	http.StatusUnsupportedMediaType:  "UnsupportedMediaType",
	http.StatusInternalServerError:   "InternalError",
	http.StatusServiceUnavailable:    "ServiceUnavailable",
}

func (f *refusal) write(w http.ResponseWriter) {
	b := []byte(`{"kind":"Status","apiVersion":"v1","metadata":{},"status":"Failure","message":`)
	b = strictjson.AppendString(b, f.text)
	b = strictjson.AppendString(append(b, `,"reason":`...), failureReasons[f.code])
	b = strconv.AppendInt(append(b, `,"code":`...), int64(f.code), 10)
	writeJSON(w, f.code, append(b, '}'))
}

func writeJSON(w http.ResponseWriter, code int, body []byte) {
	h := w.Header()
	h.Set("Cache-Control", "no-store") // an answer to one caller is nobody else's
	h.Set("Content-Type", "application/json")
	h.Set("X-Content-Type-Options", "nosniff")
	w.WriteHeader(code)
	_, _ = w.Write(append(body, '\n')) // whoever asked may have left
}

// readQuestion reads a request of at most so many bytes.
func readQuestion(w http.ResponseWriter, r *http.Request, most int) (*question, *refusal) {
	if r.Method != http.MethodPost {
		w.Header().Set("Allow", http.MethodPost) // RFC 9110, section 15.5.6
		return nil, &refusal{http.StatusMethodNotAllowed, "want POST"}
	}
	// A page in a browser cannot send this type to another site unasked.
	if kind, _, err := mime.ParseMediaType(r.Header.Get("Content-Type")); err != nil || kind != "application/json" {
		return nil, &refusal{http.StatusUnsupportedMediaType, "want the Content-Type application/json"}
	}
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, int64(most)))
	if _, long := errors.AsType[*http.MaxBytesError](err); long {
		return nil, &refusal{http.StatusRequestEntityTooLarge, "the body has more than " + strconv.Itoa(most) + " bytes"}
	}
	if err != nil {
		return nil, &refusal{http.StatusBadRequest, "the body cannot be read"}
	}
	q, err := parseQuestion(string(body))
	if err != nil {
		return nil, &refusal{http.StatusBadRequest, err.Error()}
	}
	return q, nil
}

// parseQuestion reads a TokenReview. Members that are null count as missing, as for
// every Kubernetes object. Errors hold nothing of the text.
func parseQuestion(text string) (*question, error) {
	rv, err := strictjson.Parse(text)
	if err != nil {
		rule, _, _ := strings.Cut(err.Error(), ` "`) // a member's name may be a token
		return nil, errors.New("the body: " + rule)
	}
	q := &question{}
	q.version, _ = rv.Get("apiVersion").Text()
	kind, _ := rv.Get("kind").Text()
	if kind != "TokenReview" || q.version != group+V1 && q.version != group+V1beta1 {
		return nil, errors.New("the body: want kind TokenReview of apiVersion " + group + V1 + " or " + V1beta1)
	}
	if rv.Get("spec").Null() {
		return nil, errors.New("spec: required")
	}
	spec, err := rv.Get("spec").Object()
	if err != nil {
		return nil, errors.New("spec: " + err.Error())
	}
	if v := spec.Get("token"); !v.Null() {
		q.token, err = v.Text()
	}
	if err == nil && q.token == "" {
		err = errors.New("required")
	}
	if err != nil {
		return nil, errors.New("spec.token: " + err.Error())
	}
	if v := spec.Get("audiences"); !v.Null() {
		q.audiences, err = v.Texts()
	}
	if err != nil {
		return nil, errors.New("spec.audiences: " + err.Error())
	}
	return q, nil
}

// answer returns the TokenReview that tells of r.
func (r *Review) answer(version string) []byte {
	b := strictjson.AppendString([]byte(`{"apiVersion":`), version)
	b = append(b, `,"kind":"TokenReview","spec":{},"status":{"authenticated":`...)
	switch {
	case r.User != nil:
		b = appendUser(append(b, `true,"user":`...), r.User)
		b = appendTexts(b, `,"audiences":`, r.Audiences)
	case r.Err != nil:
		b = strictjson.AppendString(append(b, `false,"error":`...), string(r.Reason))
	default:
		b = append(b, "false"...)
	}
	return append(b, "}}"...)
}

func appendUser(b []byte, u user.Info) []byte {
	b = strictjson.AppendString(append(b, `{"username":`...), u.GetName())
	if uid := u.GetUID(); uid != "" {
		b = strictjson.AppendString(append(b, `,"uid":`...), uid)
	}
	b = appendTexts(b, `,"groups":`, u.GetGroups())
	extra := u.GetExtra()
	for i, key := range slices.Sorted(maps.Keys(extra)) {
		if i == 0 {
			b = append(b, `,"extra":{`...)
		} else {
			b = append(b, ',')
		}
		b = append(strictjson.AppendString(b, key), ':')
		b = strictjson.AppendStrings(b, extra[key])
	}
	if len(extra) > 0 {
		b = append(b, '}')
	}
	return append(b, '}')
}

// appendTexts appends a member, if it has any texts.
func appendTexts(b []byte, name string, texts []string) []byte {
	if len(texts) == 0 {
		return b
	}
	return strictjson.AppendStrings(append(b, name...), texts)
}
