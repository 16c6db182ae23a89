/// A phantom's result as stored by commit 66cc81f: diameters without a region, no parts, no enhancement.
enum EarlyResult {
    static let document = """
        {"atlas":{"fit":0.9999925931961099,"status":"aligned"},"available_modalities":["t1","t1ce","t2","flair"],"brain_mask":"given","confidence_\
        scores":{"enhancing_tumor":0.8828311916001007,"tumor_core":0.8738589209173085,"whole_tumor":0.9453217570154291},"device":"cpu","expected_d\
        ice":{"enhancing_tumor":0.7563831619785236,"tumor_core":0.8615523263148133,"whole_tumor":0.9672900806152693},"gating_weights":{},"label_co\
        nvention":"BraTS 2023: 1 NCR (necrotic core), 2 ED (oedema), 3 ET (enhancing tumour)","lesions":[{"axialDiameter":79.62411694957753,"bidim\
        ensionalProduct":4134.324612315777,"centre":{"x":29.481894736842104,"y":-21.75305263157895,"z":29.851663157894738},"confidence":0.97109801\
        8583101,"locations":[{"name":"parietal lobe","share":0.40370526315789473},{"name":"frontal lobe","share":0.3802105263157895},{"name":"corp\
        us callosum","share":0.045894736842105266},{"name":"thalamus","share":0.04471578947368421},{"name":"insula","share":0.03806315789473684},{\
        "name":"temporal lobe","share":0.03730526315789474},{"name":"internal capsule","share":0.035957894736842105},{"name":"basal ganglia","shar\
        e":0.0096},{"name":"occipital lobe","share":0.0032842105263157896},{"name":"brainstem","share":0.0012631578947368421}],"maximumDiameter":8\
        0.72174428244226,"number":1,"perpendicularDiameter":51.92301994298868,"side":"right","touchesCortex":true,"touchesMidline":false,"volumes"\
        :{"enhancing_tumor":8472,"tumor_core":15448,"whole_tumor":95000}}],"mask_files":[{"content":"labels","name":"segmentation.nii.gz","sequenc\
        e":"t1ce"},{"content":"region","name":"wt.nii.gz","region":"whole_tumor","sequence":"t1ce"},{"content":"region","name":"tc.nii.gz","region\
        ":"tumor_core","sequence":"t1ce"},{"content":"region","name":"et.nii.gz","region":"enhancing_tumor","sequence":"t1ce"},{"content":"labels"\
        ,"name":"t1/segmentation.nii.gz","sequence":"t1"},{"content":"labels","name":"t1ce/segmentation.nii.gz","sequence":"t1ce"},{"content":"lab\
        els","name":"t2/segmentation.nii.gz","sequence":"t2"},{"content":"labels","name":"flair/segmentation.nii.gz","sequence":"flair"},{"content\
        ":"probabilities","name":"probabilities.nii.gz","sequence":"t1ce"}],"model_version":"unet 2.4.0","reference_modality":"t1ce","reliability"\
        :[{"note":"With these sequences the model reached a mean Dice of 0.92 for the whole tumour on 6 patients that it had not seen.","region":"\
        whole_tumor","reliable":true},{"note":"With these sequences the model reached a mean Dice of 0.84 for the tumour core on 6 patients that i\
        t had not seen.","region":"tumor_core","reliable":true},{"note":"With these sequences the model reached a mean Dice of 0.61 for enhancing\
         tumour on 6 patients that it had not seen. That is too little to rely on enhancing tumour.","region":"enhancing_tumor","reliable":false}]\
        ,"review":{"needed":false,"reasons":[]},"skull_stripped":true,"structured_findings":[{"id":"F1","kind":"sequences_present","term":"T1, T1C\
        E, T2, FLAIR"},{"id":"F2","kind":"volume","quantity":95000,"region":"whole_tumor","unit":"mm3"},{"id":"F3","kind":"confidence","quantity":\
        0.9453217570154291,"region":"whole_tumor","unit":"1"},{"id":"F4","kind":"volume","quantity":15448,"region":"tumor_core","unit":"mm3"},{"id\
        ":"F5","kind":"confidence","quantity":0.8738589209173085,"region":"tumor_core","unit":"1"},{"id":"F6","kind":"volume","quantity":8472,"reg\
        ion":"enhancing_tumor","unit":"mm3"},{"id":"F7","kind":"confidence","quantity":0.8828311916001007,"region":"enhancing_tumor","unit":"1"},{\
        "id":"F8","kind":"expected_dice","quantity":0.9672900806152693,"region":"whole_tumor","unit":"1"},{"id":"F9","kind":"expected_dice","quant\
        ity":0.8615523263148133,"region":"tumor_core","unit":"1"},{"id":"F10","kind":"expected_dice","quantity":0.7563831619785236,"region":"enhan\
        cing_tumor","unit":"1"},{"id":"F11","kind":"lesion_count","quantity":1,"unit":"1"},{"id":"F12","kind":"lesion_volume","lesion":1,"quantity\
        ":95000,"region":"whole_tumor","unit":"mm3"},{"id":"F13","kind":"lesion_volume","lesion":1,"quantity":15448,"region":"tumor_core","unit":"\
        mm3"},{"id":"F14","kind":"lesion_volume","lesion":1,"quantity":8472,"region":"enhancing_tumor","unit":"mm3"},{"id":"F15","kind":"maximum_d\
        iameter","lesion":1,"quantity":80.72174428244226,"unit":"mm"},{"id":"F16","kind":"axial_diameter","lesion":1,"quantity":79.62411694957753,\
        "unit":"mm"},{"id":"F17","kind":"perpendicular_diameter","lesion":1,"quantity":51.92301994298868,"unit":"mm"},{"id":"F18","kind":"bidimens\
        ional_product","lesion":1,"quantity":4134.324612315777,"unit":"mm2"},{"id":"F19","kind":"side","lesion":1,"term":"right"},{"id":"F20","kin\
        d":"location","lesion":1,"quantity":0.40370526315789473,"term":"parietal lobe","unit":"1"},{"id":"F21","kind":"location","lesion":1,"quant\
        ity":0.3802105263157895,"term":"frontal lobe","unit":"1"},{"id":"F22","kind":"location","lesion":1,"quantity":0.045894736842105266,"term":\
        "corpus callosum","unit":"1"},{"id":"F23","kind":"location","lesion":1,"quantity":0.04471578947368421,"term":"thalamus","unit":"1"},{"id":\
        "F24","kind":"location","lesion":1,"quantity":0.03806315789473684,"term":"insula","unit":"1"},{"id":"F25","kind":"location","lesion":1,"qu\
        antity":0.03730526315789474,"term":"temporal lobe","unit":"1"},{"id":"F26","kind":"location","lesion":1,"quantity":0.035957894736842105,"t\
        erm":"internal capsule","unit":"1"},{"id":"F27","kind":"location","lesion":1,"quantity":0.0096,"term":"basal ganglia","unit":"1"},{"id":"F\
        28","kind":"location","lesion":1,"quantity":0.0032842105263157896,"term":"occipital lobe","unit":"1"},{"id":"F29","kind":"location","lesio\
        n":1,"quantity":0.0012631578947368421,"term":"brainstem","unit":"1"},{"id":"F30","kind":"midline_contact","lesion":1,"term":"no"},{"id":"F\
        31","kind":"cortex_contact","lesion":1,"term":"yes"},{"id":"F32","kind":"brain_mask","term":"given"},{"id":"F33","kind":"atlas_fit","quant\
        ity":0.9999925931961099,"term":"aligned","unit":"1"},{"id":"F34","kind":"reliability","quantity":1,"region":"whole_tumor","term":"With the\
        se sequences the model reached a mean Dice of 0.92 for the whole tumour on 6 patients that it had not seen.","unit":"1"},{"id":"F35","kind\
        ":"reliability","quantity":1,"region":"tumor_core","term":"With these sequences the model reached a mean Dice of 0.84 for the tumour core\
         on 6 patients that it had not seen.","unit":"1"},{"id":"F36","kind":"reliability","quantity":0,"region":"enhancing_tumor","term":"With th\
        ese sequences the model reached a mean Dice of 0.61 for enhancing tumour on 6 patients that it had not seen. That is too little to rely on\
         enhancing tumour.","unit":"1"}],"volumes":{"enhancing_tumor":8472,"tumor_core":15448,"whole_tumor":95000},"volumes_ml":{"enhancing_tumor"\
        :8.472,"tumor_core":15.448,"whole_tumor":95}}
        """
}
