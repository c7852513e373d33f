/* Reads of fields and of globals, remembered where they are made, as Python's own interpreter does.

   mypyc reads the fields of structs through PyObject_GetAttr, which looks each of them up in its class. Here every
   place that reads one remembers of the class it met last where in the object that field lies, for as long as the
   class is as it was (its version tag). What is no plain field, or is not set, goes the long way. Likewise a module's
   global, as long as nothing in the module is set anew.
   compile_logic.py puts this below the headers of what mypyc has written. */

#if defined(__GNUC__) && !defined(Py_GIL_DISABLED)

typedef struct {
    PyObject *name; /* kept for good, so that another name never has its address */
    unsigned int version;
    Py_ssize_t offset;
} FieldPlace;

static inline unsigned int version_of(PyTypeObject *type) { /* 0: it has none now */
    return PyType_HasFeature(type, Py_TPFLAGS_VALID_VERSION_TAG) ? type->tp_version_tag : 0;
}

static CPy_NOINLINE PyObject *look_up_field(PyObject *object, PyObject *name, FieldPlace *place) {
    PyTypeObject *type = Py_TYPE(object);
    if (type->tp_getattro == PyObject_GenericGetAttr && (place->name == NULL || place->name == name)) {
        PyObject *found = _PyType_Lookup(type, name); /* gives the class a version */
        if (found != NULL && Py_IS_TYPE(found, &PyMemberDescr_Type)) {
            PyMemberDef *member = ((PyMemberDescrObject *)found)->d_member;
            if (member->type == T_OBJECT_EX && PyType_IsSubtype(type, ((PyDescrObject *)found)->d_type)) {
                if (place->name == NULL) {
                    place->name = name;
                    Py_INCREF(name);
                }
                place->version = version_of(type);
                place->offset = member->offset;
            }
        }
    }
    return PyObject_GetAttr(object, name);
}

static inline PyObject *read_field(PyObject *object, PyObject *name, FieldPlace *place) {
    unsigned int version = place->version;
    if (version != 0 && version == version_of(Py_TYPE(object)) && place->name == name) {
        PyObject *value = *(PyObject **)((char *)object + place->offset);
        if (value != NULL) {
            Py_INCREF(value);
            return value;
        }
    }
    return look_up_field(object, name, place);
}

#undef CPyObject_GetAttr
#define CPyObject_GetAttr(object, name)          \
    ({                                           \
        static FieldPlace place_of_read;         \
        read_field(object, name, &place_of_read); \
    })

#if PY_VERSION_HEX < 0x030C0000 /* later versions of Python are about to drop the version of a dict */

typedef struct {
    PyObject *key; /* kept for good */
    PyObject *value; /* the dict's, which holds it as long as it has this version */
    uint64_t version;
} GlobalPlace;

static CPy_NOINLINE PyObject *look_up_global(PyObject *dict, PyObject *key, GlobalPlace *place) {
    PyObject *value = CPyDict_GetItem(dict, key);
    if (value != NULL && PyDict_CheckExact(dict) && (place->key == NULL || place->key == key)) {
        if (place->key == NULL) {
            place->key = key;
            Py_INCREF(key);
        }
        place->value = value;
        place->version = ((PyDictObject *)dict)->ma_version_tag; /* no two states of dicts have the same one */
    }
    return value;
}

static inline PyObject *read_global(PyObject *dict, PyObject *key, GlobalPlace *place) {
    if (place->key == key && PyDict_CheckExact(dict) && ((PyDictObject *)dict)->ma_version_tag == place->version) {
        Py_INCREF(place->value);
        return place->value;
    }
    return look_up_global(dict, key, place);
}

#define CPyDict_GetItem(dict, key)                \
    ({                                            \
        static GlobalPlace place_of_read;         \
        read_global(dict, key, &place_of_read);   \
    })

#endif
#endif
